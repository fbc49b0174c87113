/* SPDX-License-Identifier: MIT */

/*
 * Containers in user namespaces of their own, and processes that join a container.
 */

#include "bare_bed.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/capability.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/file.h"

static const struct container_id_map map = { 0, 700000, 65536 };
static const struct container_id_maps maps = { &map, &map, 1, 1 };

static void run_says(struct bed *f, const char *script, const char *expected)
{
    bed_run(f, script);
    assert_string_equal(text_get(&f->output), expected);
    cleanup_close(&f->process.pidfd);
    bed_destroy(f);
}

static void must_own(const struct bed *f, const char *name, uid_t uid)
{
    AUTO_FREE char *path = bed_below(f, name);
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_uid, uid);
    assert_int_equal(status.st_gid, uid);
}

static void root_inside_is_nobody_outside(void **state)
{
    struct bed *f = *state;

    f->spec.id_maps = maps;
    run_says(f,
             "cat /proc/self/uid_map | tr -s ' '; id; ls -ldn /etc/passwd /bin /dev/null | "
             "while read -r mode links uid gid rest; do echo $uid $gid; done; echo new >/new; "
             "echo more >>/etc/passwd; ls /sys/class/net; head -c 1 /dev/zero | wc -c; "
             "cat /proc/1/comm; grep -c . /proc/self/cgroup >/dev/null && ls /dev | wc -l; "
             "hostname inside && hostname",
             " 0 700000 65536\nuid=0(root) gid=0(root) groups=0(root)\n0 0\n65534 65534\n0 0\n"
             "lo\n1\nsh\n14\nhostname: sethostname: Operation not permitted\n");
    must_own(f, "upper/new", 700000);
    must_own(f, "upper/etc/passwd", 700000);
    must_own(f, "layer/etc/passwd", 0);
    assert_int_equal(system("! grep -q carte-kernel /proc/self/mountinfo"), 0);
}

/* What is shared with the host belongs to whom it belonged, and is written as that. */
static void volumes_keep_their_owners(void **state)
{
    struct bed *f = *state;
    AUTO_FREE char *folder = bed_below(f, "volume");
    const struct container_mount mounts[] = {
        { .kind = CONTAINER_MOUNT_BIND, .source = folder, .target = "/shifted", .idmap = true },
        { .kind = CONTAINER_MOUNT_BIND, .source = folder, .target = "/plain" },
        { .kind = CONTAINER_MOUNT_TMPFS, .target = "/tmp" },
    };

    assert_int_equal(mkdir(folder, 0755), 0);
    f->spec.id_maps = maps;
    f->spec.mounts = mounts;
    f->spec.mount_count = 3;
    run_says(f,
             "echo x >/shifted/x && ls -ln /shifted/x | { read -r m l uid gid rest; echo $uid; }; "
             "touch /plain/y 2>&1; ls -ln /plain/x | { read -r m l uid gid rest; echo $uid; }; "
             "touch /tmp/z && echo tmp",
             "0\ntouch: /plain/y: Permission denied\n65534\ntmp\n");
    must_own(f, "volume/x", 0);
}

static void its_network_may_be_anothers(void **state)
{
    struct bed *f = *state;

    f->spec.id_maps = maps;
    f->spec.namespaces[CONTAINER_NAMESPACE_NETWORK].how = CONTAINER_JOIN;
    f->spec.namespaces[CONTAINER_NAMESPACE_NETWORK].path = "/proc/self/ns/net";
    run_says(f, "ls /sys/class/net | grep -c ^lo; touch /sys/x 2>&1",
             "1\ntouch: /sys/x: Read-only file system\n");
}

static void limits_hold_for_it_as_well(void **state)
{
    struct bed *f = *state;
    struct container_usage usage;
    struct error err = { 0 };

    f->spec.id_maps = maps;
    f->spec.limits =
        (struct container_limits){ .cpu_millis = 500, .memory_bytes = 64 << 20, .pids = 20 };
    bed_run(f, "i=0; while [ $i -lt 40 ]; do sleep 1 & i=$((i+1)); done; wait");
    assert_non_null(strstr(text_get(&f->output), "fork"));
    bed_must(container_usage(BED_PARENT, f->spec.id, &usage, &err), &err);
    assert_int_equal(usage.pids_limit, 20);
    bed_destroy(f);
}

static void bare_one_has_its_devices_and_maps(void **state)
{
    static const int score = 123;
    static const struct container_id_map bad[] = { { 0, 700000, 10 }, { 5, 800000, 10 } };
    struct bed *f = *state;
    AUTO_FREE char *own = alloc_format("chown -R 700000:700000 %s/layer", f->root);
    struct error err = { 0 };
    struct bare bare;

    bare_init(&bare, f);
    assert_int_equal(system(own), 0);
    f->spec.id_maps = maps;
    f->spec.program.oom_score_adj = &score;
    run_says(f,
             "id -u; ls /dev; : >/dev/null && head -c 1 /dev/urandom | wc -c; "
             "touch /x && echo new; cat /proc/self/oom_score_adj",
             "0\nfd\nfull\nnull\nptmx\npts\nrandom\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n1\n"
             "new\n123\n");
    f->spec.id_maps = (struct container_id_maps){ bad, bad, 2, 2 };
    assert_int_equal(container_start(&f->spec, &f->process, &err), -1);
    assert_int_equal(err.code, ERROR_INVALID);
    bare_done(&bare, f);
}

static void namespace_may_be_anothers(void **state)
{
    struct bed *f = *state;
    struct bed other = *f;
    AUTO_FREE char *own = alloc_format("chown -R 700000:700000 %s/layer", f->root);
    AUTO_FREE char *user = NULL;
    AUTO_FREE char *uts = NULL;
    struct error err = { 0 };
    struct bare bare;

    f->spec.id_maps = maps;
    f->spec.hostname = "the-first";
    bed_set_script(f, "exec sleep 1000");
    bed_must(container_start(&f->spec, &f->process, &err), &err);
    assert_int_equal(system(own), 0);
    user = alloc_format("/proc/%d/ns/user", (int)f->process.pid);
    uts = alloc_format("/proc/%d/ns/uts", (int)f->process.pid);
    other.spec.id = "carte-test-2";
    other.spec.program.args = (struct strings){ 0 };
    bare_init(&bare, &other);
    other.spec.namespaces[CONTAINER_NAMESPACE_USER].how = CONTAINER_JOIN;
    other.spec.namespaces[CONTAINER_NAMESPACE_USER].path = user;
    other.spec.namespaces[CONTAINER_NAMESPACE_UTS].how = CONTAINER_JOIN;
    other.spec.namespaces[CONTAINER_NAMESPACE_UTS].path = uts;
    run_says(&other,
             "echo $$; id -u; tr -s ' ' </proc/self/uid_map; hostname; : >/dev/null && exit 3",
             "1\n0\n 0 700000 65536\nthe-first\n");
    assert_int_equal(other.status, 3);
    bare_done(&bare, &other);
    strings_done(&other.spec.program.args);
    text_done(&other.output);
    bed_must(container_kill_all(BED_PARENT, f->spec.id, 5000, &err), &err);
    bed_reap(f);
    bed_destroy(f);
}

static void exec_says(struct bed *f, const struct container_exec_spec *wanted, const char *script,
                      const char *expected)
{
    struct container_exec_spec spec = *wanted;
    struct container_process process;
    struct error err = { 0 };
    siginfo_t info;
    int pipe_fds[2];

    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    spec.id = f->spec.id;
    spec.cgroup_parent = BED_PARENT;
    spec.pid = f->process.pid;
    spec.start_time = f->process.start_time;
    spec.program.stdin_fd = -1;
    spec.program.stdout_fd = spec.program.stderr_fd = pipe_fds[1];
    strings_add(&spec.program.args, "sh");
    strings_add(&spec.program.args, "-c");
    strings_add(&spec.program.args, script);
    strings_add(&spec.program.env, "PATH=/bin");
    bed_must(container_exec(&spec, &process, &err), &err);
    close(pipe_fds[1]);
    text_clear(&f->output);
    bed_must(file_read_fd(pipe_fds[0], 65536, &f->output, &err), &err);
    close(pipe_fds[0]);
    assert_int_equal(waitid(P_PIDFD, (id_t)process.pidfd, &info, WEXITED), 0);
    close(process.pidfd);
    strings_done(&spec.program.args);
    strings_done(&spec.program.env);
    assert_string_equal(text_get(&f->output), expected);
}

static void processes_join_all_its_namespaces(void **state)
{
    static const struct container_time_offset offset = { 2000000000, 0 };
    static const struct container_ids ids = { .uid = 33, .gid = 44 };
    struct container_exec_spec spec = { .program.capabilities = capability_default() };
    struct bed *f = *state;
    struct error err = { 0 };

    f->spec.id_maps = maps;
    f->spec.boottime = &offset;
    bed_set_script(f, "exec sleep 1000");
    bed_must(container_start(&f->spec, &f->process, &err), &err);
    exec_says(
        f, &spec,
        "id -u; tr -s ' ' </proc/self/uid_map; for n in cgroup ipc mnt net pid time user uts; "
        "do test $(readlink /proc/self/ns/$n) = $(readlink /proc/1/ns/$n) || echo $n; done; "
        "read -r up rest </proc/uptime; test ${up%.*} -ge 2000000000 && echo shifted; "
        "grep -v ':/$' /proc/self/cgroup; grep CapEff /proc/self/status; echo x >/x",
        "0\n 0 700000 65536\nshifted\nCapEff:\t00000000800405fb\n");
    must_own(f, "upper/x", 700000);
    spec.program.ids = &ids;
    spec.program.cwd = "/etc";
    spec.program.bare = true;
    exec_says(f, &spec, "id -u; id -g; pwd; grep Seccomp: /proc/self/status",
              "33\n44\n/etc\nSeccomp:\t0\n");
    spec.sub_cgroup = "no-such-one";
    spec.id = f->spec.id;
    spec.cgroup_parent = BED_PARENT;
    spec.pid = f->process.pid;
    spec.start_time = f->process.start_time;
    strings_add(&spec.program.args, "true");
    assert_int_equal(container_exec(&spec, &f->process, &err), -1);
    assert_int_equal(err.code, ERROR_INVALID);
    strings_done(&spec.program.args);
    error_clear(&err);
    bed_must(container_kill_all(BED_PARENT, f->spec.id, 5000, &err), &err);
    bed_reap(f);
    bed_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(root_inside_is_nobody_outside),     BED_TEST(volumes_keep_their_owners),
        BED_TEST(its_network_may_be_anothers),       BED_TEST(limits_hold_for_it_as_well),
        BED_TEST(bare_one_has_its_devices_and_maps), BED_TEST(namespace_may_be_anothers),
        BED_TEST(processes_join_all_its_namespaces),
    };

    return bed_enter() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
