/* SPDX-License-Identifier: MIT */

/*
 * Containers as OCI describes them, against the real kernel: root, mounts, namespaces, devices.
 */

#include "bare_bed.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "runtime/resources.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/file.h"

static void run_says(struct bed *f, const char *script, const char *expected)
{
    bed_run(f, script);
    assert_string_equal(text_get(&f->output), expected);
    cleanup_close(&f->process.pidfd);
    bed_destroy(f);
}

static void must_fail(struct bed *f, enum error_code code, const char *text)
{
    struct error err = { 0 };

    bed_set_script(f, "true");
    assert_int_equal(container_start(&f->spec, &f->process, &err), -1);
    assert_non_null(strstr(err.text, text));
    assert_int_equal(err.code, code);
    error_clear(&err);
    assert_int_equal(container_usage(BED_PARENT, f->spec.id, &(struct container_usage){ 0 }, &err),
                     -1);
}

static void plain_root_has_only_what_is_mounted(void **state)
{
    struct bed *f = *state;
    struct bare bare;

    bare_init(&bare, f);
    run_says(f,
             "ls /dev; ls -d /sys/class; touch /etc/x && echo writable; "
             "grep -c ' /sys/firmware ' /proc/self/mountinfo; ulimit -n >/dev/null; "
             "grep Seccomp: /proc/self/status",
             "fd\nfull\nnull\nptmx\npts\nrandom\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n"
             "/sys/class\nwritable\n0\nSeccomp:\t0\n");
    f->spec.read_only = true;
    run_says(f, "touch /etc/y 2>&1", "touch: /etc/y: Read-only file system\n");
    assert_int_equal(system("! grep -q carte-kernel /proc/self/mountinfo"), 0);
    bare_done(&bare, f);
}

static void options_are_those_of_the_mounts(void **state)
{
    struct bed *f = *state;
    AUTO_FREE char *folder = bed_below(f, "folder");
    struct bare bare;

    assert_int_equal(mkdir(folder, 0755), 0);
    assert_int_equal(mount("below", folder, "tmpfs", 0, NULL), 0);
    bare_init(&bare, f);
    bare_mount(&bare, f, "tmpfs", "tmpfs", "/a", "ro,noexec,nosuid,nodev,noatime,size=1m");
    bare_mount(&bare, f, "none", folder, "/b", "rbind,ro,nodiratime");
    bare_mount(&bare, f, "bind", folder, "/c", "rbind,rro,rnoexec,rw");
    bare_mount(&bare, f, "bind", "/bin/busybox", "/d/busybox", "bind,nosymfollow,strictatime");
    bare_mount(&bare, f, "tmpfs", "tmpfs", "/etc", "tmpcopyup,mode=755");
    run_says(
        f,
        "while read -r a b c d where how rest; do case $where in /[abc]|/d/*|/etc) "
        "echo $where $how;; esac; done </proc/self/mountinfo; df /a | grep -c 1024; "
        "touch /c/x; cat /etc/group | head -n 1; ls -ld /etc | head -c 10; echo; echo >/etc/new "
        "&& echo copied",
        "/a ro,nosuid,nodev,noexec,noatime\n"
        "/b ro,nodiratime,relatime\n"
        "/c ro,noexec,relatime\n"
        "/d/busybox rw,nosymfollow\n"
        "/etc rw,relatime\n"
        "1\n"
        "touch: /c/x: Read-only file system\n"
        "root:x:0:\ndrwxr-xr-x\ncopied\n");
    assert_int_equal(umount(folder), 0);
    assert_int_equal(access(bare.root, F_OK), 0);
    bare_mount(&bare, f, "tmpfs", "tmpfs", "/e", "sise=1m");
    must_fail(f, ERROR_INVALID, "sise");
    bare_done(&bare, f);
}

static void ids_of_a_bind_can_be_shifted(void **state)
{
    static const struct container_id_map map = { 0, 1000, 1 };
    struct bed *f = *state;
    AUTO_FREE char *folder = bed_below(f, "folder");
    struct container_mount *mount = NULL;
    struct bare bare;

    assert_int_equal(mkdir(folder, 0755), 0);
    bare_init(&bare, f);
    mount = bare_mount(&bare, f, "bind", folder, "/data", "bind,idmap");
    mount->maps = (struct container_id_maps){ &map, &map, 1, 1 };
    run_says(f, "ls -ldn /data | { read -r mode links uid gid rest; echo $uid $gid; }",
             "1000 1000\n");
    mount->maps = (struct container_id_maps){ 0 };
    must_fail(f, ERROR_INVALID, "shifted ids");
    bare_done(&bare, f);
}

static void propagation_is_as_asked(void **state)
{
    struct bed *f = *state;
    AUTO_FREE char *folder = bed_below(f, "folder");
    struct bare bare;

    assert_int_equal(mkdir(folder, 0755), 0);
    bare_init(&bare, f);
    f->spec.root_propagation = MS_SHARED | MS_REC;
    bare_mount(&bare, f, "bind", folder, "/shared", "bind,shared");
    bare_mount(&bare, f, "bind", folder, "/private", "bind,private");
    bare_mount(&bare, f, "bind", folder, "/unbindable", "bind,unbindable");
    run_says(f,
             "while read -r a b c d where how tag rest; do case $where in /shared|/private|"
             "/unbindable|/) echo $where ${tag%:*};; esac; done </proc/self/mountinfo",
             "/ shared\n/shared shared\n/private -\n/unbindable unbindable\n");
    bare_done(&bare, f);
}

static void namespaces_are_joined_or_the_callers(void **state)
{
    struct bed *f = *state;
    AUTO_FREE char *expected = NULL;
    struct container_namespace_choice *choices = f->spec.namespaces;
    char ipc[64] = "", net[64] = "", pid[64] = "";
    struct bare bare;

    assert_true(readlink("/proc/self/ns/ipc", ipc, sizeof(ipc) - 1) > 0);
    assert_true(readlink("/proc/self/ns/net", net, sizeof(net) - 1) > 0);
    assert_true(readlink("/proc/self/ns/pid", pid, sizeof(pid) - 1) > 0);
    bare_init(&bare, f);
    choices[CONTAINER_NAMESPACE_IPC].how = CONTAINER_JOIN;
    choices[CONTAINER_NAMESPACE_IPC].path = "/proc/self/ns/ipc";
    choices[CONTAINER_NAMESPACE_NETWORK].how = CONTAINER_INHERIT;
    choices[CONTAINER_NAMESPACE_PID].how = CONTAINER_JOIN;
    choices[CONTAINER_NAMESPACE_PID].path = "/proc/self/ns/pid";
    expected = alloc_format("%s\n%s\n%s\n", ipc, net, pid);
    run_says(f, "for n in ipc net pid; do readlink /proc/self/ns/$n; done", expected);
    choices[CONTAINER_NAMESPACE_IPC].path = "/proc/self/ns/net";
    must_fail(f, ERROR_INVALID, "join the ipc namespace");
    choices[CONTAINER_NAMESPACE_IPC].how = CONTAINER_NEW;
    choices[CONTAINER_NAMESPACE_UTS].how = CONTAINER_INHERIT;
    f->spec.hostname = "not-the-hosts";
    must_fail(f, ERROR_INVALID, "host name");
    f->spec.hostname = NULL;
    choices[CONTAINER_NAMESPACE_MOUNT].how = CONTAINER_INHERIT;
    must_fail(f, ERROR_UNSUPPORTED, "mount namespace");
    bare_done(&bare, f);
}

static void clocks_can_be_shifted(void **state)
{
    static const struct container_time_offset boottime = { 1000000000, 5 };
    struct bed *f = *state;
    struct bare bare;

    bare_init(&bare, f);
    f->spec.boottime = &boottime;
    run_says(f,
             "read -r up rest </proc/uptime; test ${up%.*} -ge 1000000000 && echo shifted; "
             "grep -c 1000000000 /proc/self/timens_offsets",
             "shifted\n1\n");
    bare_done(&bare, f);
}

static void devices_are_made_and_ruled(void **state)
{
    static const struct container_device devices[] = {
        { .path = "/dev/deep/message",
          .type = 'c',
          .major = 1,
          .minor = 11,
          .mode = 0640,
          .uid = 33,
          .gid = 44 },
        { .path = "/dev/null", .type = 'c', .major = 1, .minor = 3, .mode = 0666 },
        { .path = "/dev/pipe", .type = 'p', .mode = 0600 },
    };
    static const struct container_device_rule rules[] = {
        { false, 'a', -1, -1, "rwm" },
        { true, 'c', 1, 11, "r" },
    };
    static const struct container_resources resources = { .device_rules = rules,
                                                          .device_rule_count = 2 };
    struct bed *f = *state;
    struct bare bare;

    bare_init(&bare, f);
    f->spec.devices = devices;
    f->spec.device_count = ARRAY_SIZE(devices);
    f->spec.resources = &resources;
    f->spec.program.capabilities |= UINT64_C(1) << 27 | UINT64_C(1) << 34; /* MKNOD, SYSLOG */
    run_says(f,
             "ls -ln /dev/deep/message | head -c 10; echo; ls -l /dev/pipe | head -c 1; echo; "
             "head -c 1 /dev/zero | wc -c; (: <>/dev/deep/message) 2>&1 | grep -c permitted; "
             "busybox dd if=/dev/deep/message of=/dev/null bs=1 count=0 2>/dev/null && echo read; "
             "busybox mknod /x c 1 1; (: </x) 2>&1 | grep -c permitted",
             "crw-r-----\np\n1\n1\nread\n1\n");
    bare_done(&bare, f);
}

static void a_rule_for_both_types_keeps_its_numbers(void **state)
{
    static const struct container_device_rule rules[] = {
        { false, 'a', -1, -1, "rwm" },
        { true, 'a', 1, 11, "r" },
        { true, 'a', -1, -1, "mmm" },
    };
    static const struct container_resources resources = { .device_rules = rules,
                                                          .device_rule_count = 3 };
    struct bed *f = *state;
    struct bare bare;

    bare_init(&bare, f);
    f->spec.resources = &resources;
    f->spec.program.capabilities |= UINT64_C(1) << 27 | UINT64_C(1) << 34; /* MKNOD, SYSLOG */
    run_says(f,
             "busybox mknod /m c 1 11; (: </m) && echo read; (: <>/m) 2>&1 | grep -c permitted; "
             "busybox mknod /x c 1 1; (: </x) 2>&1 | grep -c permitted",
             "read\n1\n1\n");
    bare_done(&bare, f);
}

static void paths_are_hidden_and_protected(void **state)
{
    struct bed *f = *state;
    struct strings masked = { 0 }, read_only = { 0 };
    struct bare bare;

    bare_init(&bare, f);
    strings_add(&masked, "/proc/interrupts");
    strings_add(&masked, "/sys/class");
    strings_add(&masked, "/no/such/path");
    strings_add(&read_only, "/etc");
    f->spec.masked_paths = &masked;
    f->spec.read_only_paths = &read_only;
    run_says(f, "wc -c </proc/interrupts; ls /sys/class | wc -l; touch /etc/x 2>&1",
             "0\n0\ntouch: /etc/x: Read-only file system\n");
    strings_done(&masked);
    strings_done(&read_only);
    bare_done(&bare, f);
}

static void parameters_of_own_namespaces_are_set(void **state)
{
    struct bed *f = *state;
    struct strings_map sysctls = { 0 };
    struct bare bare;

    bare_init(&bare, f);
    strings_map_set(&sysctls, "net.core.somaxconn", "123");
    strings_map_set(&sysctls, "kernel.domainname", "example.org");
    f->spec.sysctls = &sysctls;
    run_says(f, "cat /proc/sys/net/core/somaxconn /proc/sys/kernel/domainname",
             "123\nexample.org\n");
    f->spec.namespaces[CONTAINER_NAMESPACE_NETWORK].how = CONTAINER_INHERIT;
    must_fail(f, ERROR_INVALID, "net.core.somaxconn");
    strings_map_done(&sysctls);
    bare_done(&bare, f);
}

static void names_that_point_nowhere_are_no_obstacle(void **state)
{
    struct bed *f = *state;
    AUTO_FREE char *file = bed_below(f, "file");
    AUTO_FREE char *trick =
        alloc_format("echo hosts >%s; cd %s/layer/etc && ln -s ../run/systemd/none resolv.conf && "
                     "ln -s /../../../../../../%s/escaped hosts",
                     file, f->root, f->root);
    const struct container_mount mounts[] = {
        { .kind = CONTAINER_MOUNT_BIND, .source = file, .target = "/etc/hosts" },
        { .kind = CONTAINER_MOUNT_BIND, .source = file, .target = "/etc/resolv.conf" },
    };
    AUTO_FREE char *escaped = bed_below(f, "escaped");

    assert_int_equal(system(trick), 0);
    f->spec.mounts = mounts;
    f->spec.mount_count = 2;
    run_says(f, "cat /etc/hosts /etc/resolv.conf", "hosts\nhosts\n");
    assert_int_not_equal(access(escaped, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(plain_root_has_only_what_is_mounted),
        BED_TEST(options_are_those_of_the_mounts),
        BED_TEST(ids_of_a_bind_can_be_shifted),
        BED_TEST(propagation_is_as_asked),
        BED_TEST(namespaces_are_joined_or_the_callers),
        BED_TEST(clocks_can_be_shifted),
        BED_TEST(devices_are_made_and_ruled),
        BED_TEST(a_rule_for_both_types_keeps_its_numbers),
        BED_TEST(paths_are_hidden_and_protected),
        BED_TEST(parameters_of_own_namespaces_are_set),
        BED_TEST(names_that_point_nowhere_are_no_obstacle),
    };

    return bed_enter() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
