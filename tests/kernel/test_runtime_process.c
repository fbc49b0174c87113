/* SPDX-License-Identifier: MIT */

/*
 * What a process is in a container, and the steps of its start, against the real kernel.
 */

#include "bare_bed.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/syscall_profile.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/file.h"

#define BIT(capability) (UINT64_C(1) << (capability))

static void run_says(struct bed *f, const char *script, const char *expected)
{
    bed_run(f, script);
    assert_string_equal(text_get(&f->output), expected);
    cleanup_close(&f->process.pidfd);
    bed_destroy(f);
}

static void user_is_exactly_the_numbers(void **state)
{
    static const gid_t groups[] = { 44, 4711 };
    static const mode_t mask = 027;
    const struct container_ids ids = { 33, 55, groups, 2 };
    struct bed *f = *state;
    struct bare bare;

    bare_init(&bare, f);
    f->spec.program.ids = &ids;
    f->spec.program.umask = &mask;
    run_says(f, "grep -E '^(Uid|Gid|Groups)' /proc/self/status; umask; echo $HOME",
             "Uid:\t33\t33\t33\t33\nGid:\t55\t55\t55\t55\nGroups:\t44 4711 \n0027\n/srv\n");
    bare_done(&bare, f);
}

static void capability_sets_are_exact(void **state)
{
    const struct container_ids ids = { .uid = 33, .gid = 33 };
    const struct container_capabilities sets = {
        .bounding = BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_CHOWN) | BIT(CAP_KILL),
        .permitted = BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_CHOWN),
        .effective = BIT(CAP_CHOWN),
        .inheritable = BIT(CAP_NET_BIND_SERVICE),
        .ambient = BIT(CAP_NET_BIND_SERVICE),
    };
    struct bed *f = *state;
    struct bare bare;

    bare_init(&bare, f);
    f->spec.program.capability_sets = &sets;
    run_says(f, "grep ^Cap /proc/self/status",
             "CapInh:\t0000000000000400\nCapPrm:\t0000000000000401\nCapEff:\t0000000000000401\n"
             "CapBnd:\t0000000000000421\nCapAmb:\t0000000000000400\n");
    /* A user other than root keeps over execve() what is ambient. */
    f->spec.program.ids = &ids;
    run_says(f, "grep ^Cap /proc/self/status",
             "CapInh:\t0000000000000400\nCapPrm:\t0000000000000400\nCapEff:\t0000000000000400\n"
             "CapBnd:\t0000000000000421\nCapAmb:\t0000000000000400\n");
    bare_done(&bare, f);
}

static void limits_and_priorities_are_set(void **state)
{
    static const struct container_ulimit ulimits[] = { { RLIMIT_NOFILE, 77, 88 },
                                                       { RLIMIT_CORE, 0, 0 } };
    static const struct container_scheduler scheduler = { .policy = SCHED_BATCH, .nice = 7 };
    static const struct container_io_priority io = { IOPRIO_CLASS_BE, 6 };
    static const int score = 321;
    struct bed *f = *state;
    struct container_program *program = &f->spec.program;
    struct bare bare;

    bare_init(&bare, f);
    program->ulimits = ulimits;
    program->ulimit_count = ARRAY_SIZE(ulimits);
    program->scheduler = &scheduler;
    program->io_priority = &io;
    program->oom_score_adj = &score;
    program->initial_cpus = "0";
    run_says(f,
             "ulimit -Sn; ulimit -Hn; cat /proc/self/oom_score_adj; "
             "grep Cpus_allowed_list /proc/self/status; awk '{ print $19 }' /proc/self/stat; "
             "busybox ionice -p $$",
             "77\n88\n321\nCpus_allowed_list:\t0\n7\nbest-effort: prio 6\n");
    program->initial_cpus = "0-";
    {
        struct error err = { 0 };

        assert_int_equal(container_start(&f->spec, &f->process, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
    }
    bare_done(&bare, f);
}

static void personality_and_preserved_descriptors(void **state)
{
    struct bed *f = *state;
    struct bare bare;
    int kept[2];

    assert_int_equal(pipe2(kept, O_CLOEXEC), 0);
    for (int i = 0; i < 2; i++) { /* out of the way */
        int low = kept[i];

        kept[i] = fcntl(low, F_DUPFD_CLOEXEC, 20);
        close(low);
    }
    assert_true(dup3(kept[1], 3, O_CLOEXEC) == 3 && dup3(kept[0], 4, O_CLOEXEC) == 4);
    bare_init(&bare, f);
    f->spec.personality = PER_LINUX32;
    f->spec.program.preserved_fds = 2;
    run_says(f, "echo through >&3; read -r word <&4; echo $word; ls /proc/$$/fd; busybox uname -m",
             "through\n0\n1\n2\n3\n4\ni686\n");
    close(3);
    close(4);
    close(kept[0]);
    close(kept[1]);
    bare_done(&bare, f);
}

static void program_waits_for_its_release(void **state)
{
    struct bed *f = *state;
    AUTO_FREE char *gate = bed_below(f, "gate");
    struct error err = { 0 };
    struct bare bare;
    int pipe_fds[2], status = 0;
    pid_t pid = -1;
    char byte = 0;

    bare_init(&bare, f);
    bed_set_script(f, "echo released; exit 5");
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    f->spec.program.stdout_fd = pipe_fds[1];
    /* The creator ends before the release, as that of an OCI runtime does. */
    f->spec.sibling = true;
    pid = fork();
    if (pid == 0)
        _exit(container_create(&f->spec, gate, &f->process, &err) < 0);
    close(pipe_fds[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(poll(&(struct pollfd){ .fd = pipe_fds[0], .events = POLLIN }, 1, 0), 0);
    bed_must(container_release(gate, NULL, &err), &err);
    assert_int_equal(container_release(gate, NULL, &err), -1);
    assert_int_equal(err.code, ERROR_EXISTS);
    bed_must(file_read_fd(pipe_fds[0], 1000, &f->output, &(struct error){ 0 }), &err);
    assert_string_equal(text_get(&f->output), "released\n");
    assert_true(waitpid(-1, &status, __WALL) > 0);
    assert_int_equal(WEXITSTATUS(status), 5);
    (void)byte;
    close(pipe_fds[0]);
    f->spec.program.stdout_fd = -1;
    bed_destroy(f);
    bare_done(&bare, f);
}

static void release_tells_why_a_program_cannot_run(void **state)
{
    struct bed *f = *state;
    AUTO_FREE char *gate = bed_below(f, "gate");
    AUTO_FREE char *make =
        alloc_format("cd %s/layer/bin && printf x >garbage && chmod 755 garbage", f->root);
    struct error err = { 0 };
    struct bare bare;

    bare_init(&bare, f);
    strings_add(&f->spec.program.args, "nothing-here");
    assert_int_equal(container_create(&f->spec, gate, &f->process, &err), -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND); /* that much is known before the release */
    assert_int_not_equal(access(gate, F_OK), 0);
    error_clear(&err);
    assert_int_equal(system(make), 0);
    strings_done(&f->spec.program.args);
    strings_add(&f->spec.program.args, "/bin/garbage");
    bed_must(container_create(&f->spec, gate, &f->process, &err), &err);
    assert_int_equal(container_create(&f->spec, gate, &f->process, &err), -1);
    assert_int_equal(err.code, ERROR_EXISTS);
    error_clear(&err);
    assert_int_equal(container_release(gate, NULL, &err), -1);
    assert_int_equal(err.code, ERROR_DENIED);
    error_clear(&err);
    bed_reap(f);
    bed_destroy(f);
    unlink(gate);
    /* One that was killed while it waited has nobody to be released. */
    bed_must(container_create(&f->spec, gate, &f->process, &err), &err);
    bed_must(container_kill_all(BED_PARENT, f->spec.id, 5000, &err), &err);
    bed_reap(f);
    assert_int_equal(container_release(gate, NULL, &err), -1);
    assert_int_equal(err.code, ERROR_EXISTS);
    bed_destroy(f);
    bare_done(&bare, f);
}

struct hooked {
    int log;
    enum container_stage fails;
    char own[64]; /* the maker's mount namespace */
};

static int write_stage(void *context, enum container_stage stage, pid_t pid, struct error *err)
{
    struct hooked *hooked = context;
    char found[64] = "", path[64];
    bool inside = readlink("/proc/self/ns/mnt", found, sizeof(found) - 1) <= 0 ||
                  strcmp(found, hooked->own) != 0;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    dprintf(hooked->log, "%d %s %s\n", (int)stage, inside ? "inside" : "outside",
            access("/bin/busybox", F_OK) == 0 && access("/etc/debian_version", F_OK) < 0
                ? "new root"
            : access(path, F_OK) == 0 ? "sees it"
                                      : "lost");
    if (stage == hooked->fails)
        return error_set(err, ERROR_SYSTEM, "hook %d fails", (int)stage);
    return 0;
}

static void hooks_are_called_at_their_stages(void **state)
{
    struct bed *f = *state;
    struct hooked hooked = { .fails = (enum container_stage)99 };
    struct error err = { 0 };
    struct bare bare;
    int pipe_fds[2];

    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    assert_true(readlink("/proc/self/ns/mnt", hooked.own, sizeof(hooked.own) - 1) > 0);
    bare_init(&bare, f);
    hooked.log = pipe_fds[1];
    f->spec.hook = write_stage;
    f->spec.hook_context = &hooked;
    f->spec.program.preserved_fds = (unsigned)pipe_fds[1] - 2; /* else it is closed by then */
    run_says(f, "echo done", "done\n");
    for (int stage = 0; stage < 3; stage++) {
        hooked.fails = (enum container_stage)stage;
        assert_int_equal(container_start(&f->spec, &f->process, &err), -1);
        assert_non_null(strstr(err.text, "fails"));
        error_clear(&err);
    }
    close(pipe_fds[1]);
    text_clear(&f->output);
    bed_must(file_read_fd(pipe_fds[0], 65536, &f->output, &err), &err);
    assert_string_equal(text_get(&f->output), "0 outside sees it\n1 inside sees it\n"
                                              "2 inside new root\n"
                                              "0 outside sees it\n"
                                              "0 outside sees it\n1 inside sees it\n"
                                              "0 outside sees it\n1 inside sees it\n"
                                              "2 inside new root\n");
    close(pipe_fds[0]);
    bare_done(&bare, f);
}

static void filter_is_the_given_one(void **state)
{
    static const uint32_t number = 71; /* EPROTO */
    struct bed *f = *state;
    AUTO_FREE char *cache = bed_below(f, "cache");
    AUTO_FREE char *list = alloc_format("test $(ls %s | wc -l) = 1", cache);
    AUTO_FREE char *spoil = alloc_format("for f in %s/*; do : >$f; done", cache);
    struct syscall_rule rule = { .action = "SCMP_ACT_ERRNO", .number = &number };
    struct syscall_profile profile = {
        .default_action = "SCMP_ACT_ALLOW", .rules = &rule, .rule_count = 1, .cache_folder = cache
    };
    struct error err = { 0 };
    struct bare bare;

    assert_int_equal(mkdir(cache, 0700), 0);
    strings_add(&rule.names, "mkdir");
    strings_add(&rule.names, "mkdirat");
    strings_add(&rule.names, "no_such_call");
    strings_add(&profile.architectures, "SCMP_ARCH_X86_64");
    strings_add(&profile.architectures, "SCMP_ARCH_X86");
    bare_init(&bare, f);
    f->spec.program.syscalls = &profile;
    for (int i = 0; i < 2; i++) {
        run_says(f, "busybox mkdir /x 2>&1; grep Seccomp: /proc/self/status",
                 "mkdir: can't create directory '/x': Protocol error\nSeccomp:\t2\n");
        assert_int_equal(system(list), 0);
    }
    assert_int_equal(system(spoil), 0); /* what is damaged is made again */
    run_says(f, "busybox mkdir /x 2>&1 | grep -c Protocol", "1\n");
    rule.action = "SCMP_ACT_ERR";
    assert_int_equal(container_start(&f->spec, &f->process, &err), -1);
    assert_int_equal(err.code, ERROR_INVALID);
    strings_done(&rule.names);
    strings_done(&profile.architectures);
    bare_done(&bare, f);
}

/* Answers the first question with an error number of its own; its process lives on. */
static int serve(void *context, int listener, int pid, struct error *err)
{
    pid_t *server = context;

    (void)pid;
    *server = fork();
    if (*server == 0) {
        struct seccomp_notif question = { 0 };
        struct seccomp_notif_resp answer = { .error = -EDOM };

        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) < 0)
            _exit(1);
        answer.id = question.id;
        _exit(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0);
    }
    return *server < 0 ? error_set_errno(err, errno, "fork") : 0;
}

static void filter_may_ask_a_listener(void **state)
{
    struct bed *f = *state;
    pid_t server = -1;
    struct syscall_rule rule = { .action = "SCMP_ACT_NOTIFY" };
    struct syscall_profile profile = { .default_action = "SCMP_ACT_ALLOW",
                                       .rules = &rule,
                                       .rule_count = 1,
                                       .on_listener = serve,
                                       .listener_context = &server };
    struct bare bare;
    int status = 1;

    strings_add(&rule.names, "mkdir");
    bare_init(&bare, f);
    f->spec.program.syscalls = &profile;
    run_says(f, "busybox mkdir /x 2>&1",
             "mkdir: can't create directory '/x': Numerical argument out of domain\n");
    assert_int_equal(waitpid(server, &status, 0), server);
    assert_int_equal(status, 0);
    strings_done(&rule.names);
    bare_done(&bare, f);
}

static void terminal_has_its_size(void **state)
{
    struct bed *f = *state;
    struct error err = { 0 };
    struct bare bare;
    char text[64] = "";

    bare_init(&bare, f);
    f->spec.program.terminal = true;
    f->spec.program.terminal_rows = 33;
    f->spec.program.terminal_columns = 99;
    bed_set_script(f, "busybox stty size");
    bed_must(container_start(&f->spec, &f->process, &err), &err);
    for (size_t length = 0; !strchr(text, '\n');) {
        ssize_t got = read(f->process.terminal_fd, text + length, sizeof(text) - 1 - length);

        assert_true(got > 0);
        length += (size_t)got;
    }
    bed_reap(f);
    assert_string_equal(text, "33 99\r\n");
    bed_destroy(f);
    bare_done(&bare, f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(user_is_exactly_the_numbers),
        BED_TEST(capability_sets_are_exact),
        BED_TEST(limits_and_priorities_are_set),
        BED_TEST(personality_and_preserved_descriptors),
        BED_TEST(program_waits_for_its_release),
        BED_TEST(release_tells_why_a_program_cannot_run),
        BED_TEST(hooks_are_called_at_their_stages),
        BED_TEST(filter_is_the_given_one),
        BED_TEST(filter_may_ask_a_listener),
        BED_TEST(terminal_has_its_size),
    };

    return bed_enter() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
