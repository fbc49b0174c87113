/* SPDX-License-Identifier: MIT */

/*
 * A further process in a running container
 *
 * The process is born in the container's pid namespace, because the caller chooses that one
 * for its children for a moment; it enters the other namespaces itself. So it is a child of
 * the caller, and no process in between has to be reaped.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/cgroup.h"
#include "runtime/channel.h"
#include "runtime/container.h"
#include "runtime/launch.h"
#include "runtime/process.h"
#include "runtime/syscall_filter.h"
#include "util/cleanup.h"
#include "util/error.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP)

/* Fork into the pid namespace of `target`; for the rest as process_fork(). */
static pid_t fork_inside(int target, int cgroup_fd, int *pidfd_out, struct error *err)
{
    AUTO_CLOSE int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    pid_t pid = -1;

    if (own < 0)
        return error_set_errno(err, errno, "open the own pid namespace");
    if (setns(target, CLONE_NEWPID) < 0)
        return error_set_errno(err, errno, "enter the container's pid namespace");
    pid = process_fork(0, cgroup_fd, false, pidfd_out, err);
    if (pid != 0 && setns(own, CLONE_NEWPID) < 0)
        abort(); /* all later children would land in a stranger's namespace */
    return pid;
}

/* In the child: returns only on failure. */
static int become_member(int target, const struct cgroup *cgroup, struct launch *launch,
                         struct error *err)
{
    process_reset_signals();
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    umask(022);
    if (launch_fill_stdio(launch->stdio, err) < 0 || cgroup_join(cgroup, false, err) < 0 ||
        cgroup_join(cgroup, true, err) < 0)
        return launch_blame_spec(err);
    if (setns(target, NAMESPACES) < 0) {
        error_set_errno(err, errno, "enter the container's namespaces");
        return launch_blame_spec(err);
    }
    return launch_run(launch, err);
}

static int run(const struct container_exec_spec *spec, int target, const struct cgroup *cgroup,
               struct container_process *out, struct error *err)
{
    const struct container_program *program = &spec->program;
    struct launch launch = {
        .program = program,
        .stdio = { program->stdin_fd, program->stdout_fd, program->stderr_fd },
    };
    AUTO_CHANNEL struct channel channel = CHANNEL_NONE;
    struct container_process process = { .pidfd = -1, .terminal_fd = -1 };

    if (!program->privileged && !program->seccomp_unconfined &&
        syscall_filter_get(program->capabilities, &launch.filter, err) < 0)
        return -1;
    if (channel_open(&channel, err) < 0)
        return -1;
    launch.channel = channel.child;
    process.pid = fork_inside(target, cgroup_get_unified(cgroup), &process.pidfd, err);
    if (process.pid < 0)
        return -1;
    if (process.pid == 0) {
        if (become_member(target, cgroup, &launch, err) < 0)
            channel_send_error(launch.channel, err);
        _exit(125);
    }
    /* Read while the process cannot have ended well: later another may have reaped it. */
    if (process_read_start_time(process.pid, &process.start_time, err) < 0 ||
        channel_wait(&channel, &process.terminal_fd, err) < 0) {
        siginfo_t info;

        pidfd_send_signal(process.pidfd, SIGKILL, NULL, 0);
        waitid(P_PIDFD, (id_t)process.pidfd, &info, WEXITED);
        cleanup_close(&process.pidfd);
        return -1;
    }
    *out = process;
    return 0;
}

int container_exec(const struct container_exec_spec *spec, struct container_process *out,
                   struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;
    AUTO_CLOSE int target = -1;

    if (spec->program.args.count == 0 || !*spec->program.args.items[0])
        return error_set(err, ERROR_INVALID, "no command: say what to execute");
    if (container_open_process(spec->pid, spec->start_time, &target, err) < 0 ||
        cgroup_open(spec->cgroup_parent, spec->id, &cgroup, err) < 0) {
        if (err->code != ERROR_NOT_FOUND)
            return error_wrap(err, "execute in container '%s'", spec->id);
        error_clear(err);
        return error_set(err, ERROR_NOT_FOUND, "container '%s' does not run", spec->id);
    }
    if (run(spec, target, &cgroup, out, err) < 0)
        return error_wrap(err, "execute in container '%s'", spec->id);
    return 0;
}
