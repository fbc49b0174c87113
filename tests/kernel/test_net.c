/* SPDX-License-Identifier: MIT */

/*
 * Networks, rules and flows with real packets, in namespaces of its own; needs root.
 */

#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
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

static int tcp[3]; /* listeners of the replicas */
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

    (void)state;
    bed_start();
    assert_int_equal(network_prepare_host(RECORD, &err), 0);
    assert_int_equal(network_apply(&lan, &err), 0);
    assert_int_equal(network_apply(&other, &err), 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(network_apply(&networks[i], &err), 0);
    assert_int_equal(network_add_address("cfront", VIRTUAL, &err), 0);
    bed_add("cneighbour", &lan, NEIGHBOUR);
    bed_add("cclient", &networks[0], BED_IP(10, 88, 1, 20));
    bed_add("cdb", &networks[1], BED_IP(10, 88, 2, 2));
    bed_add("cin1", &networks[2], BED_IP(10, 88, 3, 2));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_published_port_is_served_from_everywhere),
        cmocka_unit_test(connections_go_to_the_replicas_in_turn),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
