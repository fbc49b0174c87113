/* SPDX-License-Identifier: MIT */

/*
 * What hostile images and sudden deaths must not be able to do to the host.
 */

#include "runtime_bed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/capability.h"
#include "runtime/seal.h"
#include "util/alloc.h"
#include "util/cleanup.h"

/* Replace a folder of the layer by something else. */
static void spoil(const struct bed *f, const char *command)
{
    AUTO_FREE char *script = alloc_format("cd %s/layer && %s", f->root, command);

    assert_int_equal(system(script), 0);
}

static void links_in_place_of_kernel_folders_are_refused(void **state)
{
    static const char *const tricks[] = { "ln -s /tmp dev", "ln -s /etc proc", "ln -s / sys" };
    struct bed *f = *state;

    bed_set_script(f, "true");
    for (size_t i = 0; i < ARRAY_SIZE(tricks); i++) {
        struct error err = { 0 };

        spoil(f, "rm -rf dev proc sys ../upper/*");
        spoil(f, tricks[i]);
        assert_int_equal(container_start(&f->spec, &f->process, &err), -1);
        assert_non_null(strstr(err.text, "must be a folder"));
    }
    spoil(f, "rm -f dev proc sys");
}

static void links_of_the_image_end_inside_of_it(void **state)
{
    struct bed *f = *state;
    AUTO_FREE char *decoy = alloc_format("%s/decoy", f->root);
    const struct container_mount mounts[] = {
        { .kind = CONTAINER_MOUNT_TMPFS, .target = "/out/made" },
    };

    assert_int_equal(mkdir(decoy, 0755), 0);
    {
        AUTO_FREE char *trick = alloc_format("ln -s ../../../../../../../..%s out && "
                                             "mkdir -p .%s && rm etc/passwd && "
                                             "ln -s ../../../../../../etc/hostname etc/passwd",
                                             decoy, decoy);

        spoil(f, trick);
    }
    f->spec.mounts = mounts;
    f->spec.mount_count = 1;
    bed_run(f, "test -d /out/made; echo $?");
    assert_string_equal(text_get(&f->output), "0\n");
    assert_int_equal(rmdir(decoy), 0); /* empty: nothing was made in it */
    bed_destroy(f);
}

static void devices_are_out_of_reach(void **state)
{
    struct bed *f = *state;

    f->spec.program.capabilities |= UINT64_C(1) << 27; /* MKNOD */
    bed_run(f, "busybox mknod /x c 1 11 2>&1 | grep -c permitted; "
               "echo x 2>/dev/null >/dev/null && head -c 1 /dev/urandom | wc -c");
    assert_string_equal(text_get(&f->output), "1\n1\n");
    bed_destroy(f);
}

static void calls_that_were_not_allowed_fail(void **state)
{
    struct bed *f = *state;

    bed_run(f, "mount -t tmpfs x /bin 2>&1 | grep -c denied; "
               "busybox unshare -m true 2>&1 | grep -c permitted; "
               "busybox chroot / true && echo root");
    assert_string_equal(text_get(&f->output), "1\n1\nroot\n");
    bed_destroy(f);
}

static void privileged_container_has_the_rights_it_asked_for(void **state)
{
    struct bed *f = *state;

    f->spec.program.privileged = true;
    f->spec.program.capabilities = capability_all();
    f->spec.namespaces[CONTAINER_NAMESPACE_NETWORK].how = CONTAINER_INHERIT;
    bed_run(f, "mount -t tmpfs x /etc && echo mounted; grep Seccomp: /proc/self/status");
    assert_string_equal(text_get(&f->output), "mounted\nSeccomp:\t0\n");
    bed_destroy(f);
}

static void joined_network_is_the_one_named(void **state)
{
    struct bed *f = *state;
    char own[64] = "";

    assert_true(readlink("/proc/self/ns/net", own, sizeof(own) - 1) > 0);
    f->spec.namespaces[CONTAINER_NAMESPACE_NETWORK].how = CONTAINER_JOIN;
    f->spec.namespaces[CONTAINER_NAMESPACE_NETWORK].path = "/proc/self/ns/net";
    bed_run(f, "readlink /proc/self/ns/net");
    assert_int_equal(strncmp(text_get(&f->output), own, strlen(own)), 0);
    bed_destroy(f);
}

static void sibling_is_reaped_by_the_callers_parent(void **state)
{
    struct bed *f = *state;
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        struct error err = { 0 };

        f->spec.sibling = true;
        bed_set_script(f, "exit 11");
        _exit(container_start(&f->spec, &f->process, &err) < 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(waitpid(-1, &status, __WALL) > 0);
    assert_int_equal(WEXITSTATUS(status), 11);
    bed_destroy(f);
}

static void limits_can_change_while_it_runs(void **state)
{
    struct bed *f = *state;
    struct container_limits limits = { .memory_bytes = 32 << 20, .pids = 9 };
    struct container_usage usage;
    struct error err = { 0 };

    bed_set_script(f, "exec sleep 100");
    f->spec.limits.cpu_millis = 100;
    bed_must(container_start(&f->spec, &f->process, &err), &err);
    bed_must(container_update(BED_PARENT, f->spec.id, &limits, &err), &err);
    bed_must(container_usage(BED_PARENT, f->spec.id, &usage, &err), &err);
    assert_int_equal(usage.memory_limit_bytes, 32 << 20);
    assert_int_equal(usage.pids, 1);
    /* A second container of the same name must not touch the first. */
    assert_int_equal(container_start(&f->spec, &f->process, &err), -1);
    assert_int_equal(err.code, ERROR_EXISTS);
    error_clear(&err);
    bed_must(container_kill_all(BED_PARENT, f->spec.id, 5000, &err), &err);
    bed_reap(f);
    bed_destroy(f);
    bed_must(container_destroy(BED_PARENT, f->spec.id, &err), &err);
}

/* The process that starts containers is killed at forty different moments. */
static void killed_maker_leaves_only_what_a_sweep_finds(void **state)
{
    struct bed *f = *state;
    struct error err = { 0 };

    bed_set_script(f, "exec sleep 1000");
    for (int i = 0; i < 40; i++) {
        pid_t pid = fork();
        int status = 0;

        if (pid == 0) {
            if (container_start(&f->spec, &f->process, &err) == 0)
                pause();
            _exit(1);
        }
        poll(NULL, 0, i / 4);
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        bed_must(container_destroy_parent(BED_PARENT, &err), &err);
        assert_int_equal(
            container_usage(BED_PARENT, f->spec.id, &(struct container_usage){ 0 }, &err), -1);
        error_clear(&err);
    }
    assert_int_equal(system("! grep -q carte-kernel /proc/self/mountinfo"), 0);
}

static void sealed_program_cannot_be_written_to(void **state)
{
    struct bed *f = *state;
    AUTO_FREE char *command = NULL;
    AUTO_CLOSE int program = -1;
    AUTO_FREE char *path = NULL;
    int ready[2], status = 0;
    pid_t pid = -1;
    char byte = 0;

    /* A copy, because this program itself is in use. */
    command = alloc_format("cp /proc/%d/exe %s/program", (int)getpid(), f->root);
    assert_int_equal(system(command), 0);
    path = bed_below(f, "program");
    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        dup2(ready[1], 1);
        close(ready[0]);
        execl(path, "test", "sealed", NULL);
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    free(path);
    path = alloc_format("/proc/%d/exe", (int)pid);
    program = open(path, O_PATH | O_CLOEXEC);
    assert_true(program >= 0);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    free(path);
    path = alloc_format("/proc/self/fd/%d", program);
    assert_int_equal(open(path, O_WRONLY | O_CLOEXEC), -1);
    assert_int_equal(errno, EROFS);
    close(ready[0]);
}

static int be_sealed(char **argv)
{
    struct error err = { 0 };

    if (seal_program(argv, &err) < 0 || write(1, "", 1) != 1)
        return 1;
    pause();
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(links_in_place_of_kernel_folders_are_refused),
        BED_TEST(links_of_the_image_end_inside_of_it),
        BED_TEST(devices_are_out_of_reach),
        BED_TEST(calls_that_were_not_allowed_fail),
        BED_TEST(privileged_container_has_the_rights_it_asked_for),
        BED_TEST(joined_network_is_the_one_named),
        BED_TEST(sibling_is_reaped_by_the_callers_parent),
        BED_TEST(limits_can_change_while_it_runs),
        BED_TEST(killed_maker_leaves_only_what_a_sweep_finds),
        BED_TEST(sealed_program_cannot_be_written_to),
    };

    if (argc == 2 && strcmp(argv[1], "sealed") == 0)
        return be_sealed(argv);
    return bed_enter() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
