/* SPDX-License-Identifier: MIT */

/*
 * Who reaches whom, and who does not, with real packets; needs root.
 */

#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/network.h"
#include "net/rules.h"
#include "net_bed.h"
#include "net_stack.h"
#include "util/clock.h"
#include "util/error.h"

/* Who may connect to what; a name of NULL is the host. */
static const struct {
    const char *from;
    uint32_t to;
    uint16_t port;
    bool allowed;
} connections[] = {
    { "cclient", BED_IP(10, 88, 1, 2), PORT, true },
    { "cin1", BED_IP(10, 88, 3, 3), OPEN_PORT, true },
    { "cclient", NEIGHBOUR, OPEN_PORT, true },
    { "cclient", BED_IP(10, 88, 1, 1), OPEN_PORT, true },
    { "cclient", HOST, OPEN_PORT, true },
    { NULL, BED_IP(10, 88, 2, 2), OPEN_PORT, true },
    { NULL, BED_IP(10, 88, 3, 3), OPEN_PORT, true },
    /* another network of the stack, by the replica and by the gateway */
    { "cclient", BED_IP(10, 88, 2, 2), OPEN_PORT, false },
    { "cdb", BED_IP(10, 88, 1, 2), PORT, false },
    { "cdb", VIRTUAL, PORT, false },
    { "cclient", BED_IP(10, 88, 2, 1), OPEN_PORT, false },
    { "cclient", BED_IP(10, 88, 3, 3), OPEN_PORT, false },
    /* another stack */
    { "cforeign", BED_IP(10, 88, 1, 2), PORT, false },
    { "cforeign", VIRTUAL, PORT, false },
    { "cforeign", BED_IP(10, 88, 1, 1), OPEN_PORT, false },
    { "cclient", BED_IP(10, 88, 9, 2), OPEN_PORT, false },
    { "cclient", BED_IP(10, 88, 9, 1), OPEN_PORT, false },
    /* the world knows published ports only */
    { "cneighbour", BED_IP(10, 88, 1, 2), PORT, false },
    { "cneighbour", VIRTUAL, PORT, false },
    { "cneighbour", BED_IP(10, 88, 1, 1), OPEN_PORT, false },
    { "cneighbour", BED_IP(10, 88, 3, 3), OPEN_PORT, false },
    /* no way out of an internal network */
    { "cin1", NEIGHBOUR, OPEN_PORT, false },
    { "cin1", HOST, OPEN_PORT, false },
    { "cin1", BED_IP(10, 88, 3, 1), OPEN_PORT, false },
    { "cin1", BED_IP(10, 88, 1, 2), PORT, false },
    { "cin1", HOST, PUBLISHED, false },
    { "cin1", BED_IP(10, 88, 3, 1), 53, true },
};

static void s26_networks_are_isolated(void **state)
{
    int open_ports[] = {
        bed_listen("cneighbour", SOCK_STREAM, OPEN_PORT),
        bed_listen(NULL, SOCK_STREAM, OPEN_PORT),
        bed_listen("cdb", SOCK_STREAM, OPEN_PORT),
        bed_listen("cin2", SOCK_STREAM, OPEN_PORT),
        bed_listen("cforeign", SOCK_STREAM, OPEN_PORT),
        bed_listen(NULL, SOCK_STREAM, 53),
    };
    size_t wrong = 0;

    (void)state;
    stack_apply(0, 3, 0);
    stack_apply_other();
    for (size_t i = 0; i < ARRAY_SIZE(connections); i++) {
        int fd = bed_connect(connections[i].from, connections[i].to, connections[i].port, BED_MS);

        if ((fd >= 0) != connections[i].allowed) {
            print_error("case %zu, from %s: %s\n", i,
                        connections[i].from ? connections[i].from : "host",
                        fd < 0 ? strerror(-fd) : "reached");
            wrong++;
        }
        if (fd >= 0)
            close(fd);
    }
    for (size_t i = 0; i < 3; i++) {
        while (bed_which(&stack_tcp[i], 1, 0) == 0)
            close(bed_accept(stack_tcp[i]));
    }
    for (size_t i = 0; i < ARRAY_SIZE(open_ports); i++)
        close(open_ports[i]);
    assert_int_equal(wrong, 0);
}

/* Each datagram says which case it belongs to; what does not come is waited for once. */
static void s26_datagrams_pass_where_connections_do(void **state)
{
    int sockets[ARRAY_SIZE(connections)];
    bool came[ARRAY_SIZE(connections)] = { false };
    int listeners[] = {
        bed_listen("cneighbour", SOCK_DGRAM, OPEN_PORT),
        bed_listen(NULL, SOCK_DGRAM, OPEN_PORT),
        bed_listen("cdb", SOCK_DGRAM, OPEN_PORT),
        bed_listen("cin2", SOCK_DGRAM, OPEN_PORT),
        bed_listen("cforeign", SOCK_DGRAM, OPEN_PORT),
        bed_listen(NULL, SOCK_DGRAM, 53),
        stack_udp[0],
        stack_udp[1],
        stack_udp[2],
    };
    int which;

    (void)state;
    stack_apply(0, 3, 0);
    stack_apply_other();
    for (size_t i = 0; i < ARRAY_SIZE(connections); i++) {
        uint8_t number = (uint8_t)i;

        sockets[i] = bed_socket(connections[i].from, SOCK_DGRAM);
        stack_direct(sockets[i], connections[i].to, connections[i].port);
        (void)send(sockets[i], &number, 1, 0);
    }
    while ((which = bed_which(listeners, ARRAY_SIZE(listeners), BED_MS)) >= 0) {
        uint8_t number = UINT8_MAX;

        assert_int_equal(recv(listeners[which], &number, 1, 0), 1);
        assert_in_range(number, 0, ARRAY_SIZE(connections) - 1);
        came[number] = true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(connections); i++) {
        if (came[i] != connections[i].allowed)
            fail_msg("case %zu: the datagram %s", i, came[i] ? "came" : "was lost");
        close(sockets[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(listeners) - 3; i++)
        close(listeners[i]);
}

/* Who is answered by whom; a name of NULL is the host. */
static const struct {
    const char *from;
    uint32_t to;
    bool allowed;
} echoes[] = {
    { "cclient", BED_IP(10, 88, 1, 2), true },
    { "cclient", BED_IP(10, 88, 1, 1), true },
    { "cclient", NEIGHBOUR, true },
    { "cclient", HOST, true },
    { "cin1", BED_IP(10, 88, 3, 3), true },
    { "cin1", BED_IP(10, 88, 3, 1), true },
    { NULL, BED_IP(10, 88, 2, 2), true },
    { "cclient", BED_IP(10, 88, 2, 2), false },
    { "cclient", BED_IP(10, 88, 2, 1), false },
    { "cclient", BED_IP(10, 88, 2, 255), false },
    { "cclient", BED_IP(10, 88, 3, 3), false },
    { "cclient", BED_IP(10, 88, 9, 2), false },
    { "cclient", BED_IP(10, 88, 9, 1), false },
    { "cdb", BED_IP(10, 88, 1, 2), false },
    { "cdb", VIRTUAL, false },
    { "cforeign", BED_IP(10, 88, 1, 2), false },
    { "cforeign", VIRTUAL, false },
    { "cforeign", BED_IP(10, 88, 1, 1), false },
    { "cneighbour", BED_IP(10, 88, 1, 2), false },
    { "cneighbour", VIRTUAL, false },
    { "cneighbour", BED_IP(10, 88, 1, 1), false },
    { "cin1", NEIGHBOUR, false },
    { "cin1", HOST, false },
    { "cin1", BED_IP(10, 88, 1, 2), false },
};

static uint16_t checksum(const void *data, size_t length)
{
    const uint8_t *bytes = data;
    uint32_t sum = 0;

    for (size_t i = 0; i + 1 < length; i += 2)
        sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t) ~(sum + (sum >> 16)));
}

static int send_echo(size_t number)
{
    struct icmphdr echo = { .type = ICMP_ECHO };
    int fd = bed_open(echoes[number].from, AF_INET, SOCK_RAW, IPPROTO_ICMP);

    echo.un.echo.id = htons((uint16_t)(0x4300 + number));
    echo.checksum = checksum(&echo, sizeof(echo));
    stack_direct(fd, echoes[number].to, 0);
    (void)send(fd, &echo, sizeof(echo), 0);
    return fd;
}

/* Is one of the packets that have come the answer? */
static bool is_answered(int fd, size_t number)
{
    uint8_t packet[256];

    while (recv(fd, packet, sizeof(packet), MSG_DONTWAIT) >= 28) {
        struct icmphdr echo;

        memcpy(&echo, packet + sizeof(struct iphdr), sizeof(echo));
        if (echo.type == ICMP_ECHOREPLY && ntohs(echo.un.echo.id) == 0x4300 + number)
            return true;
    }
    return false;
}

static void s26_echoes_pass_where_connections_do(void **state)
{
    int sockets[ARRAY_SIZE(echoes)];
    bool answered[ARRAY_SIZE(echoes)] = { false };
    int which;

    (void)state;
    stack_apply(0, 3, 0);
    stack_apply_other();
    for (size_t i = 0; i < ARRAY_SIZE(echoes); i++)
        sockets[i] = send_echo(i);
    while ((which = bed_which(sockets, ARRAY_SIZE(sockets), BED_MS)) >= 0)
        if (is_answered(sockets[which], (size_t)which))
            answered[which] = true;
    for (size_t i = 0; i < ARRAY_SIZE(echoes); i++) {
        if (answered[i] != echoes[i].allowed)
            fail_msg("case %zu is %sanswered", i, answered[i] ? "" : "not ");
        close(sockets[i]);
    }
}

static void who_leaves_bears_the_address_of_the_host(void **state)
{
    int listener = bed_listen("cneighbour", SOCK_STREAM, OPEN_PORT);
    struct sockaddr_in peer;
    socklen_t size = sizeof(peer);
    int client;
    int server;

    (void)state;
    stack_apply(0, 3, 0);
    client = bed_connect("cclient", NEIGHBOUR, OPEN_PORT, BED_MS);
    assert_true(client >= 0);
    assert_int_equal(bed_which(&listener, 1, BED_MS), 0);
    server = bed_accept(listener);
    assert_int_equal(getpeername(server, (struct sockaddr *)&peer, &size), 0);
    assert_int_equal(ntohl(peer.sin_addr.s_addr), HOST);
    close(server);
    close(client);
    close(listener);
}

static void s26_a_forged_source_is_dropped(void **state)
{
    int listener = bed_listen("cneighbour", SOCK_DGRAM, OPEN_PORT);
    int fd;

    (void)state;
    stack_apply(0, 3, 0);
    bed_command("cclient", "ip addr add 203.0.113.9/32 dev eth0");
    fd = bed_socket("cclient", SOCK_DGRAM);
    stack_bind(fd, BED_IP(203, 0, 113, 9));
    stack_direct(fd, NEIGHBOUR, OPEN_PORT);
    assert_int_equal(send(fd, "!", 1, 0), 1);
    assert_int_equal(bed_which(&listener, 1, BED_MS), -1);
    close(fd);
    bed_command("cclient", "ip addr del 203.0.113.9/32 dev eth0");
    fd = bed_socket("cclient", SOCK_DGRAM);
    stack_direct(fd, NEIGHBOUR, OPEN_PORT);
    assert_int_equal(send(fd, "!", 1, 0), 1);
    assert_int_equal(bed_which(&listener, 1, BED_MS), 0);
    close(fd);
    close(listener);
}

/* The neighbour sends packets for 127.0.0.1 to the host, which may route them. */
static void s30_a_port_of_loopback_is_not_reached_by_the_neighbour(void **state)
{
    struct error err = { 0 };

    (void)state;
    assert_int_equal(rules_remove("carteother", &err), 0); /* it has this rule, too */
    stack_apply(0, 3, LOOPBACK);
    bed_command("cneighbour", "ip addr del 127.0.0.1/8 dev lo && "
                              "ip route add 127.0.0.0/8 via 192.0.2.1 && "
                              "sysctl -qw net.ipv4.conf.eth0.route_localnet=1");
    assert_true(stack_reach(NULL, LOOPBACK, PUBLISHED, BED_MS) >= 0);
    assert_int_equal(stack_reach("cneighbour", LOOPBACK, PUBLISHED, BED_MS), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_int_equal(stack_reach("cneighbour", HOST, PUBLISHED, BED_MS), -1);
    assert_int_equal(errno, ECONNREFUSED);
    /* And it is the rule that keeps it out. */
    bed_command(NULL, "nft flush chain inet cartetest direct");
    if (stack_reach("cneighbour", LOOPBACK, PUBLISHED, BED_MS) < 0)
        fail_msg("the way is closed elsewhere, too: %s", strerror(errno));
}

static void tables_of_others_are_left_alone(void **state)
{
    struct error err = { 0 };

    (void)state;
    bed_command(NULL, "nft add table ip strange && nft add chain ip strange c && "
                      "nft list ruleset | sed -n '/table ip strange/,/^}/p' >/run/before");
    stack_apply(0, 2, 0);
    assert_int_equal(rules_remove("cartetest", &err), 0);
    assert_int_equal(rules_remove("cartetest", &err), 0);
    assert_int_equal(rules_remove("carteother", &err), 0);
    bed_command(NULL, "nft list ruleset >/run/after && cmp /run/before /run/after");
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s26_networks_are_isolated),
        cmocka_unit_test(s26_datagrams_pass_where_connections_do),
        cmocka_unit_test(s26_echoes_pass_where_connections_do),
        cmocka_unit_test(who_leaves_bears_the_address_of_the_host),
        cmocka_unit_test(s26_a_forged_source_is_dropped),
        cmocka_unit_test(s30_a_port_of_loopback_is_not_reached_by_the_neighbour),
        cmocka_unit_test(tables_of_others_are_left_alone),
    };

    return cmocka_run_group_tests(tests, stack_set_up, NULL);
}

int main(void)
{
    return stack_run_both(run);
}
