/* SPDX-License-Identifier: MIT */

/*
 * Networks, rules and flows with real packets, in namespaces of its own; needs root.
 */

#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/network.h"
#include "net/rules.h"
#include "net_bed.h"
#include "util/clock.h"
#include "util/error.h"

#define RECORD "/run/host-settings"
#define HOST BED_IP(192, 0, 2, 1)
#define NEIGHBOUR BED_IP(192, 0, 2, 2)
#define LOOPBACK BED_IP(127, 0, 0, 1)
#define VIRTUAL BED_IP(10, 88, 1, 200)
#define PORT 8000
#define PUBLISHED 18000
#define BRIDGED "set=/proc/sys/net/bridge/bridge-nf-call-iptables; test ! -e $set || echo "
#define BRIDGED_END " >$set"
#define OPEN_PORT 7000 /* where others than the replicas listen */

/* "lan" stands for the world: a network that no rule knows. */
static const struct network lan = { "lan0", BED_IP(192, 0, 2, 0), 24, HOST, false };
static const struct network networks[] = {
    { "cfront", BED_IP(10, 88, 1, 0), 24, BED_IP(10, 88, 1, 1), false },
    { "cdata", BED_IP(10, 88, 2, 0), 24, BED_IP(10, 88, 2, 1), false },
    { "cinner", BED_IP(10, 88, 3, 0), 24, BED_IP(10, 88, 3, 1), true },
};
static const struct network other = { "cother", BED_IP(10, 88, 9, 0), 24, BED_IP(10, 88, 9, 1),
                                      false };

static const uint32_t webs[] = { BED_IP(10, 88, 1, 2), BED_IP(10, 88, 1, 3), BED_IP(10, 88, 1, 4) };
static const char *const web_names[] = { "cweb1", "cweb2", "cweb3" };
static const uint16_t known_ports[] = { PORT };

static int bridged; /* do bridged packets pass the rules? */
static int tcp[3];  /* listeners of the replicas */
static int udp[3];

/* Let `count` replicas from the `first` on be the ready ones. */
static void apply(size_t first, size_t count, uint32_t host_address)
{
    const struct rules_port ports[] = {
        { host_address, PUBLISHED, PORT, IPPROTO_TCP, webs + first, count },
        { host_address, PUBLISHED, PORT, IPPROTO_UDP, webs + first, count },
    };
    const struct rules_virtual virtuals[] = {
        { &networks[0], VIRTUAL, webs + first, count, known_ports, 1 },
    };
    const struct rules rules = { "cartetest", networks, 3, ports, 2, virtuals, 1 };
    struct error err = { 0 };

    if (rules_apply(&rules, &err) < 0)
        fail_msg("%s", err.text);
}

static void apply_other(void)
{
    const struct rules rules = { .table = "carteother", .networks = &other, .network_count = 1 };
    struct error err = { 0 };

    assert_int_equal(rules_apply(&rules, &err), 0);
}

static struct sockaddr_in end_of(uint32_t address, uint16_t port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
                                 .sin_port = htons(port),
                                 .sin_addr.s_addr = htonl(address) };
}

static void direct(int fd, uint32_t address, uint16_t port)
{
    struct sockaddr_in to = end_of(address, port);

    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        assert_int_equal(errno, EINPROGRESS);
}

static void from_address(int fd, uint32_t address)
{
    struct sockaddr_in from = end_of(address, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
}

/* Connect, and tell which replica got the connection: -1 none, with the reason in errno. */
static int reach(const char *from, uint32_t address, uint16_t port, int ms)
{
    int fd = bed_connect(from, address, port, ms);
    int which;

    if (fd < 0) {
        errno = -fd;
        return -1;
    }
    which = bed_which(tcp, 3, BED_MS);
    assert_true(which >= 0);
    close(bed_accept(tcp[which]));
    close(fd);
    return which;
}

static int set_up(void **state)
{
    struct error err = { 0 };

    struct network opened = networks[2];

    (void)state;
    opened.internal = false;
    bed_start();
    bed_command(NULL, bridged ? BRIDGED "1" BRIDGED_END : BRIDGED "0" BRIDGED_END);
    assert_int_equal(network_prepare_host(RECORD, &err), 0);
    assert_int_equal(network_apply(&lan, &err), 0);
    assert_int_equal(network_apply(&other, &err), 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(network_apply(&networks[i], &err), 0);
    assert_int_equal(network_add_address("cfront", VIRTUAL, &err), 0);
    bed_add("cneighbour", &lan, NEIGHBOUR);
    bed_add("cclient", &networks[0], BED_IP(10, 88, 1, 20));
    bed_add("cdb", &networks[1], BED_IP(10, 88, 2, 2));
    /* It was given a way out, wrongly: the rules have to hold it. */
    bed_add("cin1", &opened, BED_IP(10, 88, 3, 2));
    bed_add("cin2", &networks[2], BED_IP(10, 88, 3, 3));
    bed_add("cforeign", &other, BED_IP(10, 88, 9, 2));
    for (size_t i = 0; i < 3; i++) {
        bed_add(web_names[i], &networks[0], webs[i]);
        tcp[i] = bed_listen(web_names[i], SOCK_STREAM, PORT);
        udp[i] = bed_listen(web_names[i], SOCK_DGRAM, PORT);
    }
    return 0;
}

static void a_published_port_is_served_from_everywhere(void **state)
{
    static const struct {
        const char *from;
        uint32_t to;
    } cases[] = {
        { "cneighbour", HOST }, { NULL, HOST },         { NULL, LOOPBACK },
        { "cforeign", HOST },   { "cclient", HOST },    { "cdb", HOST },
        { "cweb1", HOST },      { NULL, LOOPBACK + 1 }, { "cclient", BED_IP(10, 88, 1, 1) },
    };

    (void)state;
    apply(0, 3, 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (reach(cases[i].from, cases[i].to, PUBLISHED, BED_MS) < 0)
            fail_msg("from %s to case %zu: %s", cases[i].from ? cases[i].from : "host", i,
                     strerror(errno));
}

static void connections_go_to_the_replicas_in_turn(void **state)
{
    int hits[3] = { 0 };

    (void)state;
    apply(0, 3, 0);
    for (int i = 0; i < 9; i++) {
        int which = reach(i % 2 ? "cneighbour" : NULL, HOST, PUBLISHED, BED_MS);

        assert_in_range(which, 0, 2);
        hits[which]++;
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(hits[i], 3);
}

static void a_published_udp_port_is_served_from_everywhere(void **state)
{
    static const struct {
        const char *from;
        uint32_t to;
    } cases[] = { { "cneighbour", HOST }, { NULL, HOST },      { NULL, LOOPBACK },
                  { "cdb", HOST },        { "cweb2", HOST },   { "cclient", VIRTUAL },
                  { NULL, VIRTUAL },      { "cweb1", VIRTUAL } };

    (void)state;
    apply(0, 3, 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int fd = bed_socket(cases[i].from, SOCK_DGRAM);

        direct(fd, cases[i].to, cases[i].to == VIRTUAL ? PORT : PUBLISHED);
        if (bed_ask(fd, udp, 3, BED_MS) < 0)
            fail_msg("case %zu: no answer", i);
        close(fd);
    }
}

static void a_virtual_address_is_served_inside_of_its_network(void **state)
{
    static const char *const clients[] = { "cclient", "cweb1", "cweb2", "cweb3", NULL };

    (void)state;
    apply(0, 3, 0);
    for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
        int hits[3] = { 0 };

        for (int j = 0; j < 3; j++) {
            int which = reach(clients[i], VIRTUAL, PORT, BED_MS);

            assert_in_range(which, 0, 2);
            hits[which]++;
        }
        assert_true(hits[0] == 1 && hits[1] == 1 && hits[2] == 1);
    }
}

static void networks_are_isolated(void **state)
{
    static const struct {
        const char *from;
        uint32_t to;
        uint16_t port;
        bool allowed;
    } cases[] = {
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
    apply(0, 3, 0);
    apply_other();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int fd = bed_connect(cases[i].from, cases[i].to, cases[i].port, BED_MS);

        if ((fd >= 0) != cases[i].allowed) {
            print_error("case %zu, from %s: %s\n", i, cases[i].from ? cases[i].from : "host",
                        fd < 0 ? strerror(-fd) : "reached");
            wrong++;
        }
        if (fd >= 0)
            close(fd);
    }
    for (size_t i = 0; i < 3; i++) {
        while (bed_which(&tcp[i], 1, 0) == 0)
            close(bed_accept(tcp[i]));
    }
    for (size_t i = 0; i < ARRAY_SIZE(open_ports); i++)
        close(open_ports[i]);
    assert_int_equal(wrong, 0);
}

static void who_leaves_bears_the_address_of_the_host(void **state)
{
    int listener = bed_listen("cneighbour", SOCK_STREAM, OPEN_PORT);
    struct sockaddr_in peer;
    socklen_t size = sizeof(peer);
    int client;
    int server;

    (void)state;
    apply(0, 3, 0);
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

static void a_forged_source_is_dropped(void **state)
{
    int listener = bed_listen("cneighbour", SOCK_DGRAM, OPEN_PORT);
    int fd;

    (void)state;
    apply(0, 3, 0);
    bed_command("cclient", "ip addr add 203.0.113.9/32 dev eth0");
    fd = bed_socket("cclient", SOCK_DGRAM);
    from_address(fd, BED_IP(203, 0, 113, 9));
    direct(fd, NEIGHBOUR, OPEN_PORT);
    assert_int_equal(send(fd, "!", 1, 0), 1);
    assert_int_equal(bed_which(&listener, 1, BED_MS), -1);
    close(fd);
    bed_command("cclient", "ip addr del 203.0.113.9/32 dev eth0");
    fd = bed_socket("cclient", SOCK_DGRAM);
    direct(fd, NEIGHBOUR, OPEN_PORT);
    assert_int_equal(send(fd, "!", 1, 0), 1);
    assert_int_equal(bed_which(&listener, 1, BED_MS), 0);
    close(fd);
    close(listener);
}

/* The neighbour sends packets for 127.0.0.1 to the host, which may route them. */
static void a_port_of_loopback_is_not_reached_by_the_neighbour(void **state)
{
    struct error err = { 0 };

    (void)state;
    assert_int_equal(rules_remove("carteother", &err), 0); /* it has this rule, too */
    apply(0, 3, LOOPBACK);
    bed_command("cneighbour", "ip addr del 127.0.0.1/8 dev lo && "
                              "ip route add 127.0.0.0/8 via 192.0.2.1 && "
                              "sysctl -qw net.ipv4.conf.eth0.route_localnet=1");
    assert_true(reach(NULL, LOOPBACK, PUBLISHED, BED_MS) >= 0);
    assert_int_equal(reach("cneighbour", LOOPBACK, PUBLISHED, BED_MS), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_int_equal(reach("cneighbour", HOST, PUBLISHED, BED_MS), -1);
    assert_int_equal(errno, ECONNREFUSED);
    /* And it is the rule that keeps it out. */
    bed_command(NULL, "nft flush chain inet cartetest direct");
    if (reach("cneighbour", LOOPBACK, PUBLISHED, BED_MS) < 0)
        fail_msg("the way is closed elsewhere, too: %s", strerror(errno));
}

static void an_established_flow_stays_when_the_replicas_change(void **state)
{
    static const char *const clients[] = { "cneighbour", NULL, "cclient" };
    static const uint32_t targets[] = { HOST, LOOPBACK, VIRTUAL };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
        uint16_t port = targets[i] == VIRTUAL ? PORT : PUBLISHED;
        char byte = 0;
        int client;
        int server;

        apply(0, 1, 0);
        client = bed_connect(clients[i], targets[i], port, BED_MS);
        assert_true(client >= 0);
        assert_int_equal(bed_which(tcp, 3, BED_MS), 0);
        server = bed_accept(tcp[0]);
        apply(1, 2, 0);
        for (int j = 0; j < 4; j++)
            assert_in_range(reach(clients[i], targets[i], port, BED_MS), 1, 2);
        assert_int_equal(send(client, "a", 1, 0), 1);
        assert_int_equal(bed_which(&server, 1, BED_MS), 0);
        assert_int_equal(recv(server, &byte, 1, 0), 1);
        assert_int_equal(send(server, "b", 1, 0), 1);
        assert_int_equal(bed_which(&client, 1, BED_MS), 0);
        close(server);
        close(client);
    }
}

static void without_a_ready_replica_the_refusal_comes_at_once(void **state)
{
    static const struct {
        const char *from;
        uint32_t to;
        uint16_t port;
    } cases[] = { { "cneighbour", HOST, PUBLISHED }, { NULL, HOST, PUBLISHED },
                  { NULL, LOOPBACK, PUBLISHED },     { "cclient", VIRTUAL, PORT },
                  { NULL, VIRTUAL, PORT },           { "cweb1", VIRTUAL, PORT } };

    (void)state;
    apply(0, 0, 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t start = clock_now_ms();
        int fd;

        assert_int_equal(reach(cases[i].from, cases[i].to, cases[i].port, BED_MS), -1);
        if (errno != ECONNREFUSED)
            fail_msg("case %zu: %s", i, strerror(errno));
        assert_in_range(clock_now_ms() - start, 0, BED_MS / 2);
        fd = bed_socket(cases[i].from, SOCK_DGRAM);
        direct(fd, cases[i].to, cases[i].port);
        /* On the host itself, already sending fails. */
        if (send(fd, "?", 1, 0) < 0) {
            assert_null(cases[i].from);
        } else {
            if (bed_which(&fd, 1, BED_MS) != 0)
                fail_msg("case %zu: nothing comes back for a datagram", i);
            assert_int_equal(recv(fd, &(char){ 0 }, 1, 0), -1);
            assert_int_equal(errno, ECONNREFUSED);
        }
        close(fd);
    }
}

/* One replica is dead, but the rules do not know yet; then they do. */
static void a_dead_replica_costs_a_second_and_no_connection(void **state)
{
    static const char *const clients[] = { "cneighbour", NULL, "cclient" };
    static const uint32_t targets[] = { HOST, LOOPBACK, VIRTUAL };

    (void)state;
    close(tcp[0]);
    for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
        uint16_t port = targets[i] == VIRTUAL ? PORT : PUBLISHED;
        int fd = bed_socket(clients[i], SOCK_STREAM);
        int64_t start = clock_now_ms();
        struct pollfd watched = { .fd = fd, .events = POLLOUT };
        int error = 0;
        socklen_t size = sizeof(error);

        apply(0, 1, 0);
        direct(fd, targets[i], port);
        assert_int_equal(poll(&watched, 1, 100), 0);
        apply(1, 1, 0);
        assert_int_equal(poll(&watched, 1, 2000), 1);
        assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size), 0);
        assert_int_equal(error, 0);
        assert_in_range(clock_now_ms() - start, 500, 1500);
        assert_int_equal(bed_which(&tcp[1], 1, BED_MS), 0);
        close(bed_accept(tcp[1]));
        close(fd);
    }
    tcp[0] = bed_listen("cweb1", SOCK_STREAM, PORT);
}

static void a_service_that_listens_nowhere_refuses_in_the_end(void **state)
{
    int64_t start = clock_now_ms();

    (void)state;
    apply(0, 1, 0);
    /* A port that was never announced is refused at once. */
    assert_int_equal(reach("cclient", VIRTUAL, PORT + 1, BED_MS), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(tcp[0]);
    assert_int_equal(reach("cneighbour", HOST, PUBLISHED, 10000), -1);
    assert_int_equal(errno, ECONNREFUSED);
    assert_in_range(clock_now_ms() - start, 1000, 9000);
    tcp[0] = bed_listen("cweb1", SOCK_STREAM, PORT);
}

static void the_reset_of_an_established_connection_passes(void **state)
{
    const struct linger at_once = { .l_onoff = 1 };
    int client;
    int server;

    (void)state;
    apply(0, 1, 0);
    client = bed_connect("cneighbour", HOST, PUBLISHED, BED_MS);
    assert_true(client >= 0);
    assert_int_equal(bed_which(tcp, 1, BED_MS), 0);
    server = bed_accept(tcp[0]);
    assert_int_equal(setsockopt(server, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    close(server);
    assert_int_equal(bed_which(&client, 1, BED_MS), 0);
    assert_int_equal(recv(client, &(char){ 0 }, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
    close(client);
}

static void a_forgotten_flow_of_udp_finds_another_replica(void **state)
{
    struct error err = { 0 };
    int fd = bed_socket("cneighbour", SOCK_DGRAM);

    (void)state;
    apply(0, 1, 0);
    direct(fd, HOST, PUBLISHED);
    assert_int_equal(bed_ask(fd, udp, 3, BED_MS), 0);
    apply(1, 1, 0);
    assert_int_equal(bed_ask(fd, udp, 3, BED_MS), 0);
    assert_int_equal(network_forget_flows(webs[0], &err), 0);
    assert_int_equal(bed_ask(fd, udp, 3, BED_MS), 1);
    assert_int_equal(network_forget_flows(BED_IP(10, 88, 1, 99), &err), 0);
    close(fd);
}

static void tables_of_others_are_left_alone(void **state)
{
    struct error err = { 0 };

    (void)state;
    bed_command(NULL, "nft add table ip strange && nft add chain ip strange c && "
                      "nft list ruleset | sed -n '/table ip strange/,/^}/p' >/run/before");
    apply(0, 2, 0);
    assert_int_equal(rules_remove("cartetest", &err), 0);
    assert_int_equal(rules_remove("cartetest", &err), 0);
    assert_int_equal(rules_remove("carteother", &err), 0);
    bed_command(NULL, "nft list ruleset >/run/after && cmp /run/before /run/after");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_published_port_is_served_from_everywhere),
        cmocka_unit_test(connections_go_to_the_replicas_in_turn),
        cmocka_unit_test(a_published_udp_port_is_served_from_everywhere),
        cmocka_unit_test(a_virtual_address_is_served_inside_of_its_network),
        cmocka_unit_test(networks_are_isolated),
        cmocka_unit_test(who_leaves_bears_the_address_of_the_host),
        cmocka_unit_test(a_forged_source_is_dropped),
        cmocka_unit_test(an_established_flow_stays_when_the_replicas_change),
        cmocka_unit_test(without_a_ready_replica_the_refusal_comes_at_once),
        cmocka_unit_test(a_dead_replica_costs_a_second_and_no_connection),
        cmocka_unit_test(a_service_that_listens_nowhere_refuses_in_the_end),
        cmocka_unit_test(the_reset_of_an_established_connection_passes),
        cmocka_unit_test(a_forgotten_flow_of_udp_finds_another_replica),
        cmocka_unit_test(a_port_of_loopback_is_not_reached_by_the_neighbour),
        cmocka_unit_test(tables_of_others_are_left_alone),
    };

    int failed = 0;

    /* Bridged packets pass the rules on hosts with br_netfilter, and do not on others. */
    for (bridged = 0; bridged < 2; bridged++) {
        pid_t child = fork();
        int status = 0;

        if (child == 0)
            return cmocka_run_group_tests(tests, set_up, NULL);
        if (waitpid(child, &status, 0) != child || status != 0)
            failed++;
    }
    return failed;
}
