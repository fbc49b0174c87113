/* SPDX-License-Identifier: MIT */

#include "net_stack.h"

#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/network.h"
#include "net/rules.h"
#include "util/error.h"

#define RECORD "/run/host-settings"
#define BRIDGED "set=/proc/sys/net/bridge/bridge-nf-call-iptables; test ! -e $set || echo "
#define BRIDGED_END " >$set"

/* "lan" stands for the world: a network that no rule knows. */
static const struct network lan = { "lan0", BED_IP(192, 0, 2, 0), 24, HOST, false };
static const struct network networks[] = {
    { "cfront", BED_IP(10, 88, 1, 0), 24, BED_IP(10, 88, 1, 1), false },
    { "cdata", BED_IP(10, 88, 2, 0), 24, BED_IP(10, 88, 2, 1), false },
    { "cinner", BED_IP(10, 88, 3, 0), 24, BED_IP(10, 88, 3, 1), true },
};
static const struct network other = { "cother", BED_IP(10, 88, 9, 0), 24, BED_IP(10, 88, 9, 1),
                                      false };

const uint32_t stack_webs[] = { BED_IP(10, 88, 1, 2), BED_IP(10, 88, 1, 3), BED_IP(10, 88, 1, 4) };
static const char *const web_names[] = { "cweb1", "cweb2", "cweb3" };
static const uint16_t known_ports[] = { PORT };

static int bridged; /* do bridged packets pass the rules? */
int stack_tcp[3];
int stack_udp[3];

/* Let `count` replicas from the `first` on be the ready ones. */
void stack_apply(size_t first, size_t count, uint32_t host_address)
{
    const struct rules_port ports[] = {
        { host_address, PUBLISHED, PORT, IPPROTO_TCP, stack_webs + first, count },
        { host_address, PUBLISHED, PORT, IPPROTO_UDP, stack_webs + first, count },
    };
    const struct rules_virtual virtuals[] = {
        { &networks[0], VIRTUAL, stack_webs + first, count, known_ports, 1 },
    };
    const struct rules rules = { "cartetest", networks, 3, ports, 2, virtuals, 1 };
    struct error err = { 0 };

    if (rules_apply(&rules, &err) < 0)
        fail_msg("%s", err.text);
}

void stack_apply_other(void)
{
    const struct rules rules = { .table = "carteother", .networks = &other, .network_count = 1 };
    struct error err = { 0 };

    assert_int_equal(rules_apply(&rules, &err), 0);
}

static struct sockaddr_in address_of(uint32_t address, uint16_t port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
                                 .sin_port = htons(port),
                                 .sin_addr.s_addr = htonl(address) };
}

void stack_direct(int fd, uint32_t address, uint16_t port)
{
    struct sockaddr_in to = address_of(address, port);

    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        assert_int_equal(errno, EINPROGRESS);
}

void stack_bind(int fd, uint32_t address)
{
    struct sockaddr_in from = address_of(address, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
}

/* Connect, and tell which replica got the connection: -1 none, with the reason in errno. */
int stack_reach(const char *from, uint32_t address, uint16_t port, int ms)
{
    int fd = bed_connect(from, address, port, ms);
    int which;

    if (fd < 0) {
        errno = -fd;
        return -1;
    }
    which = bed_which(stack_tcp, 3, BED_MS);
    assert_true(which >= 0);
    close(bed_accept(stack_tcp[which]));
    close(fd);
    return which;
}

int stack_set_up(void **state)
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
        bed_add(web_names[i], &networks[0], stack_webs[i]);
        stack_tcp[i] = bed_listen(web_names[i], SOCK_STREAM, PORT);
        stack_udp[i] = bed_listen(web_names[i], SOCK_DGRAM, PORT);
    }
    return 0;
}

int stack_run_both(int (*run)(void))
{
    int failed = 0;

    for (bridged = 0; bridged < 2; bridged++) {
        pid_t child = fork();
        int status = 0;

        if (child == 0)
            exit(run());
        if (waitpid(child, &status, 0) != child || status != 0)
            failed++;
    }
    return failed;
}
