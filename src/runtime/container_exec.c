/* SPDX-License-Identifier: MIT */

/*
 * A further process in a running container
 *
 * The process is born in the container's pid namespace, because the caller chooses that one
 * for its children for a moment; it enters the other namespaces itself. So it is a child of
 * the caller, and no process in between has to be reaped.
 */

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/cgroup.h"
#include "runtime/channel.h"
#include "runtime/container.h"
#include "runtime/container_name.h"
#include "runtime/launch.h"
#include "runtime/namespace.h"
#include "runtime/posture.h"
#include "runtime/process.h"
#include "util/cleanup.h"
#include "util/error.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP)

/*
 * The namespaces of the process that are not ours; a user namespace cannot be entered from inside
 * of it. All of them are entered by one call, which looks at our rights before it changes them.
 */
static int find_namespaces(pid_t pid, int *flags_out, struct error *err)
{
    static const struct {
        const char *name;
        int flag;
    } kinds[] = { { "user", CLONE_NEWUSER }, { "time", CLONE_NEWTIME } };
    int flags = NAMESPACES;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        char own[64], path[64];
        struct stat ours, theirs;

        snprintf(own, sizeof(own), "/proc/self/ns/%s", kinds[i].name);
        snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kinds[i].name);
        if (stat(own, &ours) < 0 || stat(path, &theirs) < 0)
            return error_set_errno(err, errno, "look at '%s'", path);
        if (ours.st_ino != theirs.st_ino)
            flags |= kinds[i].flag;
    }
    *flags_out = flags;
    return 0;
}

/* In the child: returns only on failure. */
static int become_member(int target, int flags, const struct cgroup *cgroup, struct launch *launch,
                         struct error *err)
{
    bool other_user = (flags & CLONE_NEWUSER) != 0;

    process_reset_signals();
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    umask(022);
    if (launch_fill_stdio(launch->stdio, err) < 0 || cgroup_join(cgroup, false, err) < 0 ||
        cgroup_join(cgroup, true, err) < 0 || posture_set_oom_score(launch->program, 0, err) < 0)
        return launch_blame_spec(err);
    if (setns(target, flags) < 0 || (other_user && (syscall(SYS_setresgid, 0, 0, 0) < 0 ||
                                                    syscall(SYS_setresuid, 0, 0, 0) < 0))) {
        error_set_errno(err, errno, "enter the container's namespaces");
        return launch_blame_spec(err);
    }
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* a change of ids has reset it */
    return launch_run(launch, err);
}

/* Hear the new process until its program has been executed. */
static int accompany(const struct container_program *program, struct channel *channel,
                     struct container_process *process, struct error *err)
{
    enum channel_word word = CHANNEL_TERMINAL;

    channel_drop_child(channel);
    while (word != CHANNEL_END) {
        AUTO_CLOSE int passed = -1;

        if (channel_hear(channel->parent, &word, &passed, err) < 0)
            return -1;
        if (word == CHANNEL_TERMINAL)
            process->terminal_fd = STEAL_FD(passed);
        else if (word == CHANNEL_LISTENER &&
                 launch_answer_listener(program->syscalls, passed, process->pid, channel->parent,
                                        err) < 0)
            return -1;
    }
    return 0;
}

static int run(const struct container_exec_spec *spec, int target, const struct cgroup *cgroup,
               struct container_process *out, struct error *err)
{
    AUTO_LAUNCH struct launch launch = { .program = &spec->program };
    AUTO_CHANNEL struct channel channel = CHANNEL_NONE;
    struct container_process process = { .pidfd = -1, .terminal_fd = -1 };
    int flags = 0;

    if (launch_prepare(&launch, err) < 0 || find_namespaces(spec->pid, &flags, err) < 0 ||
        channel_open(true, &channel, err) < 0)
        return -1;
    launch.channel = channel.child;
    process.pid = namespace_fork_beside(target, cgroup_get_unified(cgroup), &process.pidfd, err);
    if (process.pid < 0)
        return -1;
    if (process.pid == 0) {
        if (channel_await(launch.channel, err) < 0 ||
            become_member(target, flags, cgroup, &launch, err) < 0)
            channel_send_error(launch.channel, err);
        _exit(125);
    }
    if (process_read_start_time(process.pid, &process.start_time, err) < 0 ||
        channel_release(channel.parent, err) < 0 ||
        accompany(&spec->program, &channel, &process, err) < 0) {
        process_end(process.pidfd, true);
        cleanup_close(&process.pidfd);
        cleanup_close(&process.terminal_fd);
        return -1;
    }
    *out = process;
    return 0;
}

/* The container's cgroup, or the one below it that the spec names. */
static int open_cgroup(const struct container_exec_spec *spec, struct cgroup *out,
                       struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;

    if (container_name_check(spec->cgroup_parent, spec->id, err) < 0)
        return -1;
    if (!spec->sub_cgroup)
        return cgroup_open(spec->cgroup_parent, spec->id, out, err);
    if (cgroup_open(spec->cgroup_parent, spec->id, &cgroup, err) < 0)
        return -1;
    if (cgroup_open_below(&cgroup, spec->sub_cgroup, out, err) == 0)
        return 0;
    err->code = ERROR_INVALID; /* the container is there */
    return -1;
}

int container_exec(const struct container_exec_spec *spec, struct container_process *out,
                   struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;
    AUTO_CLOSE int target = -1;

    if (spec->program.args.count == 0 || !*spec->program.args.items[0])
        return error_set(err, ERROR_INVALID, "no command: say what to execute");
    if (container_open_process(spec->pid, spec->start_time, &target, err) < 0 ||
        open_cgroup(spec, &cgroup, err) < 0) {
        if (err->code != ERROR_NOT_FOUND)
            return error_wrap(err, "execute in container '%s'", spec->id);
        error_clear(err);
        return error_set(err, ERROR_NOT_FOUND, "container '%s' does not run", spec->id);
    }
    if (run(spec, target, &cgroup, out, err) < 0)
        return error_wrap(err, "execute in container '%s'", spec->id);
    return 0;
}
