/* SPDX-License-Identifier: MIT */

/*
 * What the tests of the runtime share
 */

#include "runtime_bed.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/capability.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/file.h"

void bed_must(int result, const struct error *err)
{
    if (result < 0)
        fail_msg("%s", err->text);
}

char *bed_below(const struct bed *f, const char *name)
{
    return alloc_format("%s/%s", f->root, name);
}

static void shell(const char *format, const char *argument)
{
    AUTO_FREE char *command = alloc_format("%s %s", format, argument);

    assert_int_equal(system(command), 0);
}

int bed_set_up(void **state)
{
    struct bed *f = alloc_new(struct bed);
    const char *tmp = getenv("TMPDIR");
    AUTO_FREE char *layer = NULL;

    f->root = alloc_format("%s/carte-kernel-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->root));
    layer = bed_below(f, "layer");
    shell("mkdir -p", layer);
    {
        AUTO_FREE char *script = alloc_format(
            "cd %s && mkdir bin etc && cp /bin/busybox bin/ && for a in sh cat ls sleep "
            "true id hostname dd head tail grep kill mount ps tty wc readlink awk touch; "
            "do ln -s busybox bin/$a; done && "
            "printf 'root:x:0:0:r:/root:/bin/sh\\nweb:x:33:33:w:/srv:/bin/sh\\n' "
            ">etc/passwd && printf 'root:x:0:\\nweb:x:33:\\nlog:x:44:web\\n' >etc/group",
            layer);

        shell("", script);
    }
    f->spec.id = "carte-test-1";
    f->spec.cgroup_parent = BED_PARENT;
    strings_add(&f->spec.lower, layer);
    f->spec.upper = bed_below(f, "upper");
    f->spec.work = bed_below(f, "work");
    assert_int_equal(mkdir(f->spec.upper, 0755), 0);
    assert_int_equal(mkdir(f->spec.work, 0755), 0);
    strings_add(&f->spec.program.env, "PATH=/bin");
    f->spec.program.capabilities = capability_default();
    f->spec.program.stdin_fd = f->spec.program.stdout_fd = f->spec.program.stderr_fd = -1;
    f->process.pidfd = f->process.terminal_fd = -1;
    *state = f;
    return 0;
}

int bed_tear_down(void **state)
{
    struct bed *f = *state;
    struct error err = { 0 };

    bed_must(container_destroy_parent(BED_PARENT, &err), &err);
    shell("rm -rf", f->root);
    cleanup_close(&f->process.pidfd);
    cleanup_close(&f->process.terminal_fd);
    text_done(&f->output);
    strings_done(&f->spec.lower);
    strings_done(&f->spec.program.args);
    strings_done(&f->spec.program.env);
    strings_done(&f->spec.program.groups);
    free((void *)(uintptr_t)f->spec.upper);
    free((void *)(uintptr_t)f->spec.work);
    free(f->root);
    free(f);
    return 0;
}

void bed_set_script(struct bed *f, const char *script)
{
    strings_done(&f->spec.program.args);
    strings_add(&f->spec.program.args, "sh");
    strings_add(&f->spec.program.args, "-c");
    strings_add(&f->spec.program.args, script);
}

void bed_reap(struct bed *f)
{
    siginfo_t info = { 0 };

    assert_int_equal(waitid(P_PIDFD, (id_t)f->process.pidfd, &info, WEXITED), 0);
    f->status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

void bed_destroy(const struct bed *f)
{
    struct error err = { 0 };

    bed_must(container_destroy(BED_PARENT, f->spec.id, &err), &err);
}

/* Start, read all output, reap; the cgroup stays. */
void bed_run(struct bed *f, const char *script)
{
    struct error err = { 0 };
    int pipe_fds[2];

    if (script)
        bed_set_script(f, script);
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    f->spec.program.stdout_fd = f->spec.program.stderr_fd = pipe_fds[1];
    bed_must(container_start(&f->spec, &f->process, &err), &err);
    close(pipe_fds[1]);
    text_clear(&f->output);
    bed_must(file_read_fd(pipe_fds[0], 1 << 20, &f->output, &err), &err);
    close(pipe_fds[0]);
    bed_reap(f);
}

int bed_enter(void)
{
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 &&
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
        return 0;
    perror("namespaces for the test (root is needed)");
    return -1;
}
