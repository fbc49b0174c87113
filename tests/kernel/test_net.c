/* SPDX-License-Identifier: MIT */

/*
 * Balancing and replicas that come and go, with real packets; needs root.
 */

#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/netlink.h"
#include "net/network.h"
#include "net/rules.h"
#include "net_bed.h"
#include "net_stack.h"
#include "util/clock.h"
#include "util/error.h"

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
    stack_apply(0, 3, 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (stack_reach(cases[i].from, cases[i].to, PUBLISHED, BED_MS) < 0)
            fail_msg("from %s to case %zu: %s", cases[i].from ? cases[i].from : "host", i,
                     strerror(errno));
}

static void connections_go_to_the_replicas_in_turn(void **state)
{
    int hits[3] = { 0 };

    (void)state;
    stack_apply(0, 3, 0);
    for (int i = 0; i < 9; i++) {
        int which = stack_reach(i % 2 ? "cneighbour" : NULL, HOST, PUBLISHED, BED_MS);

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
    stack_apply(0, 3, 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int fd = bed_socket(cases[i].from, SOCK_DGRAM);

        stack_direct(fd, cases[i].to, cases[i].to == VIRTUAL ? PORT : PUBLISHED);
        if (bed_ask(fd, stack_udp, 3, BED_MS) < 0)
            fail_msg("case %zu: no answer", i);
        close(fd);
    }
}

static void a_virtual_address_is_served_inside_of_its_network(void **state)
{
    static const char *const clients[] = { "cclient", "cweb1", "cweb2", "cweb3", NULL };

    (void)state;
    stack_apply(0, 3, 0);
    for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
        int hits[3] = { 0 };

        for (int j = 0; j < 3; j++) {
            int which = stack_reach(clients[i], VIRTUAL, PORT, BED_MS);

            assert_in_range(which, 0, 2);
            hits[which]++;
        }
        assert_true(hits[0] == 1 && hits[1] == 1 && hits[2] == 1);
    }
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

        stack_apply(0, 1, 0);
        client = bed_connect(clients[i], targets[i], port, BED_MS);
        assert_true(client >= 0);
        assert_int_equal(bed_which(stack_tcp, 3, BED_MS), 0);
        server = bed_accept(stack_tcp[0]);
        stack_apply(1, 2, 0);
        for (int j = 0; j < 4; j++)
            assert_in_range(stack_reach(clients[i], targets[i], port, BED_MS), 1, 2);
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
    stack_apply(0, 0, 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t start = clock_now_ms();
        int fd;

        assert_int_equal(stack_reach(cases[i].from, cases[i].to, cases[i].port, BED_MS), -1);
        if (errno != ECONNREFUSED)
            fail_msg("case %zu: %s", i, strerror(errno));
        assert_in_range(clock_now_ms() - start, 0, BED_MS / 2);
        fd = bed_socket(cases[i].from, SOCK_DGRAM);
        stack_direct(fd, cases[i].to, cases[i].port);
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
    close(stack_tcp[0]);
    for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
        uint16_t port = targets[i] == VIRTUAL ? PORT : PUBLISHED;
        int fd = bed_socket(clients[i], SOCK_STREAM);
        int64_t start = clock_now_ms();
        struct pollfd watched = { .fd = fd, .events = POLLOUT };
        int error = 0;
        socklen_t size = sizeof(error);

        stack_apply(0, 1, 0);
        stack_direct(fd, targets[i], port);
        assert_int_equal(poll(&watched, 1, 100), 0);
        stack_apply(1, 1, 0);
        assert_int_equal(poll(&watched, 1, 2000), 1);
        assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size), 0);
        assert_int_equal(error, 0);
        assert_in_range(clock_now_ms() - start, 500, 1500);
        assert_int_equal(bed_which(&stack_tcp[1], 1, BED_MS), 0);
        close(bed_accept(stack_tcp[1]));
        close(fd);
    }
    stack_tcp[0] = bed_listen("cweb1", SOCK_STREAM, PORT);
}

static void a_service_that_listens_nowhere_refuses_in_the_end(void **state)
{
    int64_t start = clock_now_ms();

    (void)state;
    stack_apply(0, 1, 0);
    /* A port that was never announced is refused at once. */
    assert_int_equal(stack_reach("cclient", VIRTUAL, PORT + 1, BED_MS), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(stack_tcp[0]);
    assert_int_equal(stack_reach("cneighbour", HOST, PUBLISHED, 10000), -1);
    assert_int_equal(errno, ECONNREFUSED);
    assert_in_range(clock_now_ms() - start, 1000, 9000);
    stack_tcp[0] = bed_listen("cweb1", SOCK_STREAM, PORT);
}

static void the_reset_of_an_established_connection_passes(void **state)
{
    const struct linger at_once = { .l_onoff = 1 };
    int client;
    int server;

    (void)state;
    stack_apply(0, 1, 0);
    client = bed_connect("cneighbour", HOST, PUBLISHED, BED_MS);
    assert_true(client >= 0);
    assert_int_equal(bed_which(stack_tcp, 1, BED_MS), 0);
    server = bed_accept(stack_tcp[0]);
    assert_int_equal(setsockopt(server, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    close(server);
    assert_int_equal(bed_which(&client, 1, BED_MS), 0);
    assert_int_equal(recv(client, &(char){ 0 }, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
    close(client);
}

/* Together with another that has none. */
static int forget_flows(uint32_t address)
{
    const struct netlink_subnet subnets[] = { { BED_IP(10, 88, 1, 98), 32 }, { address, 32 } };
    struct error err = { 0 };

    return network_forget_flows(subnets, ARRAY_SIZE(subnets), &err);
}

static void a_forgotten_flow_of_udp_finds_another_replica(void **state)
{
    int fd = bed_socket("cneighbour", SOCK_DGRAM);

    (void)state;
    stack_apply(0, 1, 0);
    stack_direct(fd, HOST, PUBLISHED);
    assert_int_equal(bed_ask(fd, stack_udp, 3, BED_MS), 0);
    stack_apply(1, 1, 0);
    assert_int_equal(bed_ask(fd, stack_udp, 3, BED_MS), 0);
    assert_int_equal(forget_flows(stack_webs[0]), 0);
    assert_int_equal(bed_ask(fd, stack_udp, 3, BED_MS), 1);
    assert_int_equal(forget_flows(BED_IP(10, 88, 1, 99)), 0);
    close(fd);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_published_port_is_served_from_everywhere),
        cmocka_unit_test(connections_go_to_the_replicas_in_turn),
        cmocka_unit_test(a_published_udp_port_is_served_from_everywhere),
        cmocka_unit_test(a_virtual_address_is_served_inside_of_its_network),
        cmocka_unit_test(an_established_flow_stays_when_the_replicas_change),
        cmocka_unit_test(without_a_ready_replica_the_refusal_comes_at_once),
        cmocka_unit_test(a_dead_replica_costs_a_second_and_no_connection),
        cmocka_unit_test(a_service_that_listens_nowhere_refuses_in_the_end),
        cmocka_unit_test(the_reset_of_an_established_connection_passes),
        cmocka_unit_test(a_forgotten_flow_of_udp_finds_another_replica),
    };

    return cmocka_run_group_tests(tests, stack_set_up, NULL);
}

int main(void)
{
    return stack_run_both(run);
}
