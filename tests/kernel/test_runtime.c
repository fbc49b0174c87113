/* SPDX-License-Identifier: MIT */

/*
 * The runtime against the real kernel: containers of a static busybox, as root.
 */

#include "runtime_bed.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/capability.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/file.h"

static void run_says(struct bed *f, const char *script, const char *expected)
{
    bed_run(f, script);
    assert_string_equal(text_get(&f->output), expected);
    cleanup_close(&f->process.pidfd);
    bed_destroy(f);
}

static void exit_code_is_the_programs(void **state)
{
    struct bed *f = *state;

    bed_run(f, "exit 7");
    assert_int_equal(f->status, 7);
    bed_destroy(f);
    bed_run(f, "kill -9 $$; kill -TERM 1; exec sleep 0; exit 3");
    bed_destroy(f);
}

static void process_has_only_its_rights(void **state)
{
    struct bed *f = *state;

    run_says(f, "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status",
             "CapInh:\t0000000000000000\nCapPrm:\t00000000800405fb\nCapEff:\t00000000800405fb\n"
             "CapBnd:\t00000000800405fb\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\n"
             "Seccomp:\t2\n");
    f->spec.program.user = "web";
    run_says(f, "grep -E '^(CapPrm|CapEff|CapBnd)' /proc/self/status; id; echo $HOME",
             "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t00000000800405fb\n"
             "uid=33(web) gid=33(web) groups=33(web),44(log)\n/srv\n");
}

static void only_three_descriptors_are_open(void **state)
{
    struct bed *f = *state;
    int leaked = open("/", O_RDONLY); /* one that would be inherited */

    run_says(f, "ls /proc/$$/fd; cat /proc/self/cgroup | grep -v ':/$'; echo end",
             "0\n1\n2\nend\n");
    close(leaked);
}

static void kernel_is_masked(void **state)
{
    struct bed *f = *state;

    run_says(
        f,
        "cat /proc/interrupts /proc/keys /proc/timer_list 2>/dev/null | wc -c; "
        "ls /sys/firmware | wc -l; touch /sys/x 2>&1; "
        "echo 1 >/proc/sys/kernel/core_pattern; echo $?; touch /sys/fs/cgroup/*/x 2>/dev/null; "
        "echo $?",
        "0\n0\ntouch: /sys/x: Read-only file system\n"
        "sh: can't create /proc/sys/kernel/core_pattern: Read-only file system\n1\n1\n");
}

static void names_and_network_are_its_own(void **state)
{
    struct bed *f = *state;

    f->spec.hostname = "web-1";
    run_says(f,
             "hostname; ls /sys/class/net; grep -c . /proc/self/mountinfo >/dev/null; "
             "cat /proc/sys/net/ipv4/ip_unprivileged_port_start; ls /dev; echo $$",
             "web-1\nlo\n0\nfd\nfull\nmqueue\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\n"
             "tty\nurandom\nzero\n1\n");
}

static void limits_are_seen_and_hold(void **state)
{
    struct bed *f = *state;
    struct container_usage usage;
    struct error err = { 0 };

    f->spec.limits =
        (struct container_limits){ .cpu_millis = 500, .memory_bytes = 64 << 20, .pids = 20 };
    bed_run(f, "tail /dev/zero");
    assert_int_equal(f->status, 137);
    bed_must(container_usage(BED_PARENT, f->spec.id, &usage, &err), &err);
    assert_int_equal(usage.memory_limit_bytes, 64 << 20);
    assert_true(usage.oom_kills >= 1);
    assert_true(usage.cpu_ns > 0);
    bed_destroy(f);
    bed_run(f, "i=0; while [ $i -lt 40 ]; do sleep 1 & i=$((i+1)); done; wait");
    assert_non_null(strstr(text_get(&f->output), "fork"));
    bed_destroy(f);
}

static void missing_program_is_told_from_a_denied_one(void **state)
{
    struct bed *f = *state;
    struct error err = { 0 };

    strings_add(&f->spec.program.args, "nothing-here");
    assert_int_equal(container_start(&f->spec, &f->process, &err), -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    strings_done(&f->spec.program.args);
    strings_add(&f->spec.program.args, "/etc/passwd");
    error_clear(&err);
    assert_int_equal(container_start(&f->spec, &f->process, &err), -1);
    assert_int_equal(err.code, ERROR_DENIED);
    error_clear(&err);
    assert_int_equal(container_usage(BED_PARENT, f->spec.id, &(struct container_usage){ 0 }, &err),
                     -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void leaked_folder_is_no_working_folder(void **state)
{
    struct bed *f = *state;

    bed_set_script(f, "true");
    for (int n = 3; n < 12; n++) {
        AUTO_FREE char *path = alloc_format("/proc/self/fd/%d", n);
        struct error err = { 0 };

        f->spec.program.cwd = path;
        assert_int_equal(container_start(&f->spec, &f->process, &err), -1);
    }
}

static void init_forwards_and_reaps(void **state)
{
    struct bed *f = *state;
    struct error err = { 0 };
    int pipe_fds[2];
    char byte = 0;

    f->spec.init = true;
    run_says(f,
             "echo $$; (sh -c 'true & exec true' &) ; cat /proc/1/status | grep -E "
             "'^(CapEff|NoNew|Sec.*:.2)'",
             "2\nCapEff:\t0000000000000020\nNoNewPrivs:\t1\nSeccomp:\t2\n");
    bed_set_script(f, "trap 'exit 9' TERM; echo; while :; do sleep 0.05; done");
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    f->spec.program.stdout_fd = pipe_fds[1];
    f->spec.program.stderr_fd = -1;
    bed_must(container_start(&f->spec, &f->process, &err), &err);
    close(pipe_fds[1]);
    assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
    assert_int_equal(pidfd_send_signal(f->process.pidfd, SIGTERM, NULL, 0), 0);
    bed_reap(f);
    close(pipe_fds[0]);
    assert_int_equal(f->status, 9);
    bed_destroy(f);
}

static void mounts_stand_where_they_shall(void **state)
{
    struct bed *f = *state;
    AUTO_FREE char *file = bed_below(f, "file");
    const struct container_mount mounts[] = {
        { .kind = CONTAINER_MOUNT_BIND,
          .source = file,
          .target = "/etc/new/file",
          .read_only = true },
        { .kind = CONTAINER_MOUNT_TMPFS, .target = "/tmp", .size_bytes = 1 << 20, .mode = 0700 },
        { .kind = CONTAINER_MOUNT_BIND, .source = f->root, .target = "/data" },
    };
    int fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

    assert_int_equal(write(fd, "hello\n", 6), 6);
    close(fd);
    f->spec.mounts = mounts;
    f->spec.mount_count = ARRAY_SIZE(mounts);
    f->spec.read_only = true;
    f->spec.program.cwd = "/made/here";
    run_says(
        f,
        "cat /etc/new/file; echo x >/etc/new/file; ls -ld /tmp | head -c 10; echo; cat /data/file; "
        "echo y >/data/file; echo z >/z; pwd",
        "hello\nsh: can't create /etc/new/file: Read-only file system\ndrwx------\nhello\n"
        "sh: can't create /z: Read-only file system\n/made/here\n");
}

static void exec_joins_the_container(void **state)
{
    struct bed *f = *state;
    struct container_exec_spec spec = { .id = f->spec.id, .cgroup_parent = BED_PARENT };
    struct container_process process;
    struct error err = { 0 };
    siginfo_t info = { 0 };
    int pipe_fds[2];

    bed_set_script(f, "exec sleep 100");
    f->spec.hostname = "inside";
    bed_must(container_start(&f->spec, &f->process, &err), &err);
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    spec.pid = f->process.pid;
    spec.start_time = f->process.start_time;
    spec.program.capabilities = capability_default();
    spec.program.stdin_fd = spec.program.stderr_fd = -1;
    spec.program.stdout_fd = pipe_fds[1];
    strings_add(&spec.program.args, "/bin/sh");
    strings_add(&spec.program.args, "-c");
    strings_add(&spec.program.args,
                "hostname; cat /proc/1/comm; grep -E '^(CapEff|Seccomp:)' /proc/self/status; "
                "ls /proc/$$/fd; grep -v ':/$' /proc/self/cgroup; exit 4");
    strings_add(&spec.program.env, "PATH=/bin");
    bed_must(container_exec(&spec, &process, &err), &err);
    close(pipe_fds[1]);
    bed_must(file_read_fd(pipe_fds[0], 65536, &f->output, &err), &err);
    close(pipe_fds[0]);
    assert_string_equal(text_get(&f->output), "inside\nsleep\nCapEff:\t00000000800405fb\n"
                                              "Seccomp:\t2\n0\n1\n2\n");
    assert_int_equal(waitid(P_PIDFD, (id_t)process.pidfd, &info, WEXITED), 0);
    assert_int_equal(info.si_status, 4);
    close(process.pidfd);
    bed_must(container_kill_all(BED_PARENT, f->spec.id, 5000, &err), &err);
    bed_reap(f);
    assert_int_equal(f->status, 137);
    assert_int_equal(container_exec(&spec, &process, &err), -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    strings_done(&spec.program.args);
    strings_done(&spec.program.env);
    bed_destroy(f);
}

static void terminal_is_the_containers_own(void **state)
{
    struct bed *f = *state;
    struct error err = { 0 };
    char text[256] = "";
    size_t length = 0;

    f->spec.program.terminal = true;
    bed_set_script(f, "tty; ls -l /dev/console | head -c 1");
    bed_must(container_start(&f->spec, &f->process, &err), &err);
    assert_true(f->process.terminal_fd >= 0);
    for (ssize_t got = 1; got > 0 && length<sizeof(text) - 1; length += got> 0 ? (size_t)got : 0)
        got = read(f->process.terminal_fd, text + length, sizeof(text) - 1 - length);
    bed_reap(f);
    text[length] = '\0';
    assert_string_equal(text, "/dev/pts/0\r\nc");
    bed_destroy(f);
}

/* CARTE_TEST_STARTS says how many where a machine is slow; 200 elsewhere. */
static void many_starts_leave_nothing(void **state)
{
    const char *wanted = getenv("CARTE_TEST_STARTS");
    int starts = wanted ? atoi(wanted) : 200;
    struct bed *f = *state;
    struct error err = { 0 };
    int64_t began_ns = clock_now_ns();

    strings_add(&f->spec.program.args, "/bin/true");
    for (int i = 0; i < starts; i++) {
        bed_must(container_start(&f->spec, &f->process, &err), &err);
        bed_reap(f);
        cleanup_close(&f->process.pidfd);
        bed_destroy(f);
    }
    f->process.pidfd = -1;
    print_message("%lld us for one start to exit\n",
                  (long long)(clock_now_ns() - began_ns) / 1000 / starts);
    assert_int_equal(
        system("test -z \"$(find /sys/fs/cgroup -path '*/" BED_PARENT "/*' -type d)\""), 0);
    assert_int_equal(system("! grep -q carte-kernel /proc/self/mountinfo"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(exit_code_is_the_programs),
        BED_TEST(process_has_only_its_rights),
        BED_TEST(only_three_descriptors_are_open),
        BED_TEST(kernel_is_masked),
        BED_TEST(names_and_network_are_its_own),
        BED_TEST(limits_are_seen_and_hold),
        BED_TEST(missing_program_is_told_from_a_denied_one),
        BED_TEST(leaked_folder_is_no_working_folder),
        BED_TEST(init_forwards_and_reaps),
        BED_TEST(mounts_stand_where_they_shall),
        BED_TEST(exec_joins_the_container),
        BED_TEST(terminal_is_the_containers_own),
        BED_TEST(many_starts_leave_nothing),
    };

    return bed_enter() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
