/* SPDX-License-Identifier: MIT */

/*
 * Links, namespaces, locks and settings in the kernel, in namespaces of its own; needs root.
 */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/addrpool.h"
#include "net/network.h"
#include "net/rules.h"
#include "net/rules_list.h"
#include "net_bed.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"

#define RECORD "/run/host-settings"
#define SPACE "/run/space"

static const struct network network = { "ca1", BED_IP(10, 88, 1, 0), 24, BED_IP(10, 88, 1, 1),
                                        false };
static const struct network_endpoint endpoint = { .network = &network,
                                                  .host_link = "ca1r1g1",
                                                  .inner_link = "eth0",
                                                  .address = BED_IP(10, 88, 1, 2),
                                                  .default_route = true };

static int set_up(void **state)
{
    (void)state;
    bed_start();
    return 0;
}

static void must(int result, const struct error *err)
{
    if (result < 0)
        fail_msg("%s", err->text);
}

static void check_inside(const char *command)
{
    char line[512];

    (void)snprintf(line, sizeof(line), "nsenter --net=" SPACE " sh -c '%s'", command);
    bed_command(NULL, line);
}

/* What was set; links come up, and the kernel gives them IPv6 addresses, in their own time. */
#define LOOK                                                     \
    "{ ip -o -4 addr; ip neigh show nud permanent; ip -o link |" \
    " sed 's/<[^>]*>//; s/ state [A-Z]*//'; } >/run/now"

static void applying_twice_changes_nothing(void **state)
{
    struct error err = { 0 };

    (void)state;
    for (int i = 0; i < 2; i++) {
        must(network_apply(&network, &err), &err);
        must(network_add_address("ca1", BED_IP(10, 88, 1, 200), &err), &err);
        must(network_make_namespace(SPACE, &err), &err);
        must(network_attach(SPACE, &endpoint, &err), &err);
        bed_command(NULL, i ? "mv /run/now /run/before; " LOOK : LOOK);
    }
    bed_command(NULL, "cmp /run/before /run/now");
}

static void an_endpoint_is_furnished(void **state)
{
    (void)state;
    check_inside("ip -br addr show eth0 | grep -q 10.88.1.2/24");
    check_inside("ip link show eth0 | grep -q 02:42:0a:58:01:02");
    check_inside("ip -d link show eth0 | grep -q \"numtxqueues 1 .*numrxqueues 1 \"");
    check_inside("ip route | grep -q \"^default via 10.88.1.1 dev eth0\"");
    check_inside("ip neigh | grep -q \"10.88.1.1 .* lladdr 02:42:0a:58:01:01 PERMANENT\"");
    check_inside("ip link show lo | grep -q \"LOOPBACK,UP\"");
    check_inside("test -z \"$(ip -6 addr)\"");
    check_inside("grep -q 2147483647 /proc/sys/net/ipv4/ping_group_range");
    bed_command(NULL, "ip -d link show ca1r1g1 | grep -q 'numtxqueues 1 .*numrxqueues 1 '");
    bed_command(NULL, "ip neigh | grep -q '10.88.1.2 .* lladdr 02:42:0a:58:01:02 PERMANENT'");
    bed_command(NULL, "test -z \"$(ip -6 addr show dev ca1; ip -6 addr show dev ca1r1g1)\"");
}

static void what_an_interrupted_attach_left_is_replaced(void **state)
{
    struct error err = { 0 };

    (void)state;
    bed_command(NULL, "ip link del ca1r1g1 && ip link add ca1r1g1 type veth peer name x");
    must(network_attach(SPACE, &endpoint, &err), &err);
    bed_command(NULL, "! ip link show x 2>/dev/null");
    check_inside("ip -br addr show eth0 | grep -q 10.88.1.2/24");
    /* The namespace has the link of an earlier generation. */
    bed_command(NULL, "ip link set ca1r1g1 name ca1r1g0 2>/dev/null || "
                      "{ ip link set ca1r1g1 down; ip link set ca1r1g1 name ca1r1g0; }");
    must(network_attach(SPACE, &endpoint, &err), &err);
    bed_command(NULL, "! ip link show ca1r1g0 2>/dev/null");
}

static void links_are_swept_by_the_beginning_of_their_names(void **state)
{
    struct error err = { 0 };

    (void)state;
    bed_command(NULL, "ip link add other type bridge");
    must(network_sweep_links("ca1", &err), &err);
    bed_command(NULL, "! ip link show ca1 2>/dev/null && ! ip link show ca1r1g1 2>/dev/null");
    bed_command(NULL, "ip link show other >/dev/null && ip link del other");
    must(network_sweep_links("ca1", &err), &err);
    must(network_remove("ca1", &err), &err);
    must(network_remove_address("ca1", BED_IP(10, 88, 1, 200), &err), &err);
}

static void a_namespace_is_removed_with_its_name(void **state)
{
    struct error err = { 0 };

    (void)state;
    must(network_remove_namespace(SPACE, &err), &err);
    assert_int_equal(access(SPACE, F_OK), -1);
    must(network_remove_namespace(SPACE, &err), &err);
    assert_int_equal(network_attach(SPACE, &endpoint, &err), -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void a_namespace_is_held_on_a_shared_mount_too(void **state)
{
    struct error err = { 0 };

    (void)state;
    assert_int_equal(mkdir("/run/shared", 0700), 0);
    assert_int_equal(mount("tmpfs", "/run/shared", "tmpfs", 0, NULL), 0);
    assert_int_equal(mount(NULL, "/run/shared", NULL, MS_SHARED, NULL), 0);
    for (int i = 0; i < 2; i++)
        must(network_make_namespace("/run/shared/a", &err), &err);
    must(network_remove_namespace("/run/shared/a", &err), &err);
    bed_command(NULL, "! grep -q shared/a /proc/self/mountinfo");
}

static void read_setting(const char *path, char value[8])
{
    AUTO_TEXT struct text text = { 0 };
    struct error err = { 0 };

    must(file_read(AT_FDCWD, path, 64, &text, &err), &err);
    (void)snprintf(value, 8, "%.1s", text_get(&text));
}

static void settings_go_back_when_the_last_stack_is_gone(void **state)
{
    static const char forward[] = "/proc/sys/net/ipv4/ip_forward";
    static const char redirects[] = "/proc/sys/net/ipv4/conf/all/accept_redirects";
    const struct rules one = { .table = "carteone" };
    const struct rules two = { .table = "cartetwo" };
    struct error err = { 0 };
    char value[8];

    (void)state;
    bed_command(NULL, "echo 0 >/proc/sys/net/ipv4/ip_forward && "
                      "echo 0 >/proc/sys/net/ipv4/conf/all/accept_redirects");
    must(network_prepare_host(RECORD, &err), &err);
    must(rules_apply(&one, &err), &err);
    must(network_prepare_host(RECORD, &err), &err);
    must(rules_apply(&two, &err), &err);
    must(rules_remove("carteone", &err), &err);
    must(network_restore_host(RECORD, &err), &err);
    read_setting(forward, value);
    assert_string_equal(value, "1");
    must(rules_remove("cartetwo", &err), &err);
    must(network_restore_host(RECORD, &err), &err);
    read_setting(forward, value);
    assert_string_equal(value, "0");
    read_setting(redirects, value);
    assert_string_equal(value, "0");
    assert_int_equal(access(RECORD, F_OK), -1);
    must(network_restore_host(RECORD, &err), &err);
}

static void the_lock_is_free_when_its_holder_dies(void **state)
{
    struct error err = { 0 };
    int64_t start;
    int pipes[2];
    pid_t child;
    int fd = -1;
    char byte;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pipes), 0);
    child = fork();
    if (child == 0) {
        int lock = -1;

        if (addrpool_lock(1000, &lock, &err) < 0 || write(pipes[1], "!", 1) != 1)
            _exit(1);
        (void)!read(pipes[1], &byte, 1);
        abort(); /* not let go of: it just ends */
    }
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    start = clock_now_ms();
    assert_int_equal(addrpool_lock(20, &fd, &err), -1);
    assert_int_equal(err.code, ERROR_TIMEOUT);
    error_clear(&err);
    assert_int_equal(write(pipes[0], "!", 1), 1);
    must(addrpool_lock(5000, &fd, &err), &err);
    assert_in_range(clock_now_ms() - start, 20, 1000);
    close(fd);
    assert_int_equal(waitpid(child, NULL, 0), child);
    must(addrpool_lock(0, &fd, &err), &err);
    close(fd);
}

/* Abstract sockets are open to every user, and to containers in the host's network. */
static void s23_the_lock_is_held_where_root_alone_can_reach_it(void **state)
{
    struct error err = { 0 };
    int fd = -1;

    (void)state;
    must(addrpool_lock(0, &fd, &err), &err);
    bed_command(NULL, "! grep @ /proc/thread-self/net/unix");
    bed_command(NULL, "test \"$(stat -c \"%a %u\" /run/carte-network-*.lock)\" = \"600 0\"");
    bed_command(NULL, "setpriv --reuid 65534 --clear-groups sh -c \"! cat "
                      "/run/carte-network-*.lock\" 2>/dev/null");
    close(fd);
}

/* The limit is that of a user namespace, so that it is nobody else's. */
static int reach_limit(void)
{
    struct error err = { 0 };

    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        return 1;
    must(file_write_control(AT_FDCWD, "/proc/self/uid_map", "0 0 1", &err), &err);
    must(file_write_control(AT_FDCWD, "/proc/sys/user/max_net_namespaces", "0", &err), &err);
    assert_int_equal(network_make_namespace("/run/one-too-many", &err), -1);
    assert_non_null(strstr(err.text, "user.max_net_namespaces"));
    return 0;
}

static void s38_the_limit_that_is_reached_is_named(void **state)
{
    pid_t child = fork();
    int status = 0;

    (void)state;
    if (child == 0)
        _exit(reach_limit());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void a_chosen_subnet_overlaps_nothing(void **state)
{
    struct error err = { 0 };
    uint32_t subnet = 0;

    (void)state;
    unsetenv("CARTE_SUBNETS");
    must(addrpool_choose_subnet(24, &subnet, &err), &err);
    assert_int_equal(subnet, BED_IP(10, 88, 0, 0));
    bed_command(NULL, "ip link add d1 type bridge && ip addr add 10.88.0.77/30 dev d1 && "
                      "ip link set d1 up && ip route add 10.88.2.0/23 dev d1 && "
                      "ip route add 0.0.0.0/1 dev d1 && ip route add blackhole 10.88.4.128/25");
    must(addrpool_choose_subnet(24, &subnet, &err), &err);
    assert_int_equal(subnet, BED_IP(10, 88, 1, 0));
    must(addrpool_choose_subnet(22, &subnet, &err), &err);
    assert_int_equal(subnet, BED_IP(10, 88, 8, 0));
    setenv("CARTE_SUBNETS", "10.88.2.0/24,172.30.5.0/24", 1);
    must(addrpool_choose_subnet(24, &subnet, &err), &err);
    assert_int_equal(subnet, BED_IP(172, 30, 5, 0));
    setenv("CARTE_SUBNETS", "10.88.2.0/24", 1);
    assert_int_equal(addrpool_choose_subnet(24, &subnet, &err), -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    unsetenv("CARTE_SUBNETS");
    /* One that is given is measured by the same. */
    must(addrpool_check_subnet(BED_IP(10, 88, 8, 0), 24, &err), &err);
    error_clear(&err);
    assert_int_equal(addrpool_check_subnet(BED_IP(10, 88, 0, 0), 25, &err), -1);
    assert_int_equal(err.code, ERROR_EXISTS);
    assert_non_null(strstr(err.text, "10.88.0.0/25 overlaps 10.88.0.76/30"));
    bed_command(NULL, "ip link del d1");
}

static void a_taken_port_is_known(void **state)
{
    static const uint32_t none[] = { BED_IP(10, 88, 1, 2) };
    const struct rules_port ports[] = {
        { BED_IP(127, 0, 0, 1), 8001, 80, IPPROTO_TCP, none, 1 },
        { 0, 8002, 80, IPPROTO_UDP, none, 0 },
    };
    const struct rules rules = { .table = "carteone", .ports = ports, .port_count = 2 };
    int tcp = bed_listen(NULL, SOCK_STREAM, 8000);
    int udp = bed_listen(NULL, SOCK_DGRAM, 8003);
    struct error err = { 0 };

    (void)state;
    must(rules_apply(&rules, &err), &err);
    assert_false(addrpool_is_port_free(IPPROTO_TCP, 0, 8000));
    assert_false(addrpool_is_port_free(IPPROTO_TCP, BED_IP(127, 0, 0, 1), 8000));
    assert_true(addrpool_is_port_free(IPPROTO_UDP, 0, 8000));
    assert_false(addrpool_is_port_free(IPPROTO_UDP, 0, 8003));
    assert_false(addrpool_is_port_free(IPPROTO_TCP, 0, 8001));
    assert_true(addrpool_is_port_free(IPPROTO_TCP, BED_IP(192, 0, 2, 1), 8001));
    assert_false(addrpool_is_port_free(IPPROTO_UDP, BED_IP(192, 0, 2, 1), 8002));
    assert_true(addrpool_is_port_free_for("carteone", IPPROTO_UDP, 0, 8002));
    close(tcp);
    close(udp);
    assert_true(addrpool_is_port_free(IPPROTO_TCP, 0, 8000));
    must(rules_remove("carteone", &err), &err);
    assert_true(addrpool_is_port_free(IPPROTO_UDP, 0, 8002));
}

static void a_foreign_chain_that_drops_is_found(void **state)
{
    struct error err = { 0 };
    char chain[128];

    (void)state;
    must(rules_list_find_drop(chain, &err), &err);
    assert_string_equal(chain, "");
    bed_command(NULL, "nft 'add table ip wall; add chain ip wall in { type filter hook input "
                      "priority 0; policy drop; }; add chain ip wall way { type filter hook "
                      "forward priority 0; policy drop; }'");
    must(rules_list_find_drop(chain, &err), &err);
    assert_string_equal(chain, "ip wall way");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(applying_twice_changes_nothing),
        cmocka_unit_test(an_endpoint_is_furnished),
        cmocka_unit_test(what_an_interrupted_attach_left_is_replaced),
        cmocka_unit_test(links_are_swept_by_the_beginning_of_their_names),
        cmocka_unit_test(a_namespace_is_removed_with_its_name),
        cmocka_unit_test(a_namespace_is_held_on_a_shared_mount_too),
        cmocka_unit_test(settings_go_back_when_the_last_stack_is_gone),
        cmocka_unit_test(the_lock_is_free_when_its_holder_dies),
        cmocka_unit_test(s23_the_lock_is_held_where_root_alone_can_reach_it),
        cmocka_unit_test(s38_the_limit_that_is_reached_is_named),
        cmocka_unit_test(a_chosen_subnet_overlaps_nothing),
        cmocka_unit_test(a_taken_port_is_known),
        cmocka_unit_test(a_foreign_chain_that_drops_is_found),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
