/* SPDX-License-Identifier: MIT */

/*
 * Which namespaces a container has
 *
 * Most are made at birth by clone3(), or entered by the child. A process cannot enter a
 * namespace of processes, only its children can; so the maker chooses that one for its
 * children for a moment. The same way the child comes into a namespace that its own new user
 * namespace would give it no right to enter.
 */

#include "runtime/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "runtime/channel.h"
#include "runtime/idmap.h"
#include "runtime/process.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

static const struct kind {
    const char *name; /* below /proc/PID/ns */
    uint64_t flag;
} kinds[CONTAINER_NAMESPACE_COUNT] = {
    [CONTAINER_NAMESPACE_MOUNT] = { "mnt", CLONE_NEWNS },
    [CONTAINER_NAMESPACE_PID] = { "pid", CLONE_NEWPID },
    [CONTAINER_NAMESPACE_UTS] = { "uts", CLONE_NEWUTS },
    [CONTAINER_NAMESPACE_IPC] = { "ipc", CLONE_NEWIPC },
    [CONTAINER_NAMESPACE_NETWORK] = { "net", CLONE_NEWNET },
    [CONTAINER_NAMESPACE_CGROUP] = { "cgroup", CLONE_NEWCGROUP },
    [CONTAINER_NAMESPACE_USER] = { "user", CLONE_NEWUSER },
    [CONTAINER_NAMESPACE_TIME] = { "time", CLONE_NEWTIME },
};

/* The one of mounts comes last: it may hide the paths of the others. */
static const enum container_namespace order[] = {
    CONTAINER_NAMESPACE_IPC,  CONTAINER_NAMESPACE_UTS,   CONTAINER_NAMESPACE_NETWORK,
    CONTAINER_NAMESPACE_TIME, CONTAINER_NAMESPACE_MOUNT,
};

bool namespace_is_new(const struct container_spec *spec, enum container_namespace which)
{
    if (spec->namespaces[which].how != CONTAINER_NEW)
        return false;
    if (which == CONTAINER_NAMESPACE_USER)
        return spec->id_maps.user_count > 0;
    if (which == CONTAINER_NAMESPACE_TIME)
        return spec->monotonic || spec->boottime;
    return true;
}

bool namespace_is_own(const struct container_spec *spec, enum container_namespace which)
{
    return spec->namespaces[which].how == CONTAINER_JOIN || namespace_is_new(spec, which);
}

int namespace_check(const struct container_spec *spec, struct error *err)
{
    for (size_t i = 0; i < CONTAINER_NAMESPACE_COUNT; i++) {
        if (spec->namespaces[i].how == CONTAINER_JOIN && !spec->namespaces[i].path)
            return error_set(err, ERROR_INVALID, "no path of the %s namespace to join",
                             kinds[i].name);
    }
    if (!namespace_is_own(spec, CONTAINER_NAMESPACE_MOUNT))
        return error_set(err, ERROR_UNSUPPORTED,
                         "a container in its caller's mount namespace: give it one of its own");
    if (spec->namespaces[CONTAINER_NAMESPACE_USER].how == CONTAINER_JOIN && !spec->root)
        return error_set(err, ERROR_UNSUPPORTED,
                         "layers in another's user namespace: give the container a plain root");
    if (namespace_is_own(spec, CONTAINER_NAMESPACE_USER) &&
        spec->namespaces[CONTAINER_NAMESPACE_MOUNT].how == CONTAINER_JOIN)
        return error_set(err, ERROR_UNSUPPORTED,
                         "a user namespace beside the joined mount namespace");
    return idmap_check(&spec->id_maps, err);
}

/* A pipe or a terminal at that path must not make us wait or get a hold of us. */
static int open_namespace(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    return fd < 0 ? error_set_errno(err, errno, "open namespace '%s'", path) : fd;
}

static int join(const struct container_spec *spec, enum container_namespace which, int fd,
                struct error *err)
{
    if (setns(fd, (int)kinds[which].flag) < 0)
        return error_set_errno(err, errno, "join the %s namespace '%s'", kinds[which].name,
                               spec->namespaces[which].path);
    return 0;
}

/* Namespaces that the maker, or its children, are in for the moment of a fork, and its own. */
struct detour {
    size_t count;
    struct {
        enum container_namespace which;
        int own;
    } steps[CONTAINER_NAMESPACE_COUNT];
};

/* All later children would land in a stranger's namespace: better an end than that. */
static void go_back(const struct detour *detour)
{
    for (size_t i = detour->count; i > 0; i--) {
        if (setns(detour->steps[i - 1].own, (int)kinds[detour->steps[i - 1].which].flag) < 0)
            abort();
        close(detour->steps[i - 1].own);
    }
}

static int leave_for(const struct container_spec *spec, enum container_namespace which,
                     struct detour *detour, struct error *err)
{
    AUTO_CLOSE int target = open_namespace(spec->namespaces[which].path, err);
    AUTO_CLOSE int own = -1;
    char path[64];

    if (target < 0)
        return -1;
    snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[which].name);
    own = open_namespace(path, err);
    if (own < 0 || join(spec, which, target, err) < 0)
        return -1;
    detour->steps[detour->count].which = which;
    detour->steps[detour->count++].own = STEAL_FD(own);
    return 0;
}

static int write_offset(const char *clock, const struct container_time_offset *offset,
                        struct error *err)
{
    char text[96];

    if (!offset)
        return 0;
    snprintf(text, sizeof(text), "%s %" PRId64 " %" PRIu32, clock, offset->seconds,
             offset->nanoseconds);
    if (file_write_control(AT_FDCWD, "/proc/self/timens_offsets", text, err) < 0)
        return error_wrap(err, "shift the clock '%s'", clock);
    return 0;
}

/* One of time has no members but children, and must have its offsets before it has one. */
static int leave_for_new_time(const struct container_spec *spec, struct detour *detour,
                              struct error *err)
{
    AUTO_CLOSE int own = open_namespace("/proc/self/ns/time", err);

    if (own < 0)
        return -1;
    if (unshare(CLONE_NEWTIME) < 0)
        return error_set_errno(err, errno, "make a time namespace");
    detour->steps[detour->count].which = CONTAINER_NAMESPACE_TIME;
    detour->steps[detour->count++].own = STEAL_FD(own);
    if (write_offset("monotonic", spec->monotonic, err) < 0)
        return -1;
    return write_offset("boottime", spec->boottime, err);
}

static bool needs_detour(const struct container_spec *spec, enum container_namespace which)
{
    if (spec->namespaces[which].how != CONTAINER_JOIN)
        return false;
    if (which == CONTAINER_NAMESPACE_PID)
        return true;
    return namespace_is_own(spec, CONTAINER_NAMESPACE_USER) &&
           (which == CONTAINER_NAMESPACE_UTS || which == CONTAINER_NAMESPACE_IPC ||
            which == CONTAINER_NAMESPACE_NETWORK);
}

static uint64_t flags_of(const struct container_spec *spec)
{
    const uint64_t later = CLONE_NEWCGROUP | CLONE_NEWTIME;
    uint64_t flags = 0;

    for (int i = 0; i < CONTAINER_NAMESPACE_COUNT; i++) {
        if (namespace_is_new(spec, (enum container_namespace)i))
            flags |= kinds[i].flag;
    }
    return flags & ~later;
}

/* The pid of the process `pidfd` as we see it. */
static pid_t find_pid(int pidfd, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };
    const char *line = NULL;
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
    if (file_read(AT_FDCWD, path, 4096, &text, err) < 0)
        return -1;
    line = strstr(text_get(&text), "Pid:");
    if (!line || strtol(line + 4, NULL, 10) <= 0)
        return error_set(err, ERROR_SYSTEM, "the container's process has ended");
    return (pid_t)strtol(line + 4, NULL, 10);
}

/* In the process between: returns in the new process alone. */
static void fork_inside(const struct container_spec *spec, int cgroup_fd, int channel)
{
    struct error err = { 0 };
    int pidfd = -1;
    int fd = open_namespace(spec->namespaces[CONTAINER_NAMESPACE_USER].path, &err);
    pid_t pid = -1;

    if (fd >= 0 && join(spec, CONTAINER_NAMESPACE_USER, fd, &err) == 0)
        pid = process_fork(flags_of(spec), cgroup_fd, true, &pidfd, &err);
    if (pid == 0)
        return;
    if (pid < 0 || channel_say(channel, CHANNEL_USER, pidfd, &err) < 0)
        channel_send_error(channel, &err);
    _exit(0);
}

/*
 * Who has entered a user namespace cannot leave it again. So a process between enters the joined
 * one, makes there the process that all the new namespaces belong to, as its own sibling, and
 * ends.
 */
static pid_t fork_in_joined_user(const struct container_spec *spec, int cgroup_fd, int *pidfd_out,
                                 struct error *err)
{
    AUTO_CHANNEL struct channel channel = CHANNEL_NONE;
    enum channel_word word = CHANNEL_END;
    AUTO_CLOSE int between = -1;
    AUTO_CLOSE int pidfd = -1;
    pid_t pid = -1;

    if (channel_open(true, &channel, err) < 0)
        return -1;
    pid = process_fork(0, -1, spec->sibling, &between, err);
    if (pid == 0)
        fork_inside(spec, cgroup_fd, channel.child);
    if (pid <= 0)
        return pid;
    channel_drop_child(&channel);
    if (channel_hear(channel.parent, &word, &pidfd, err) == 0)
        pid = pidfd < 0 ? error_set(err, ERROR_SYSTEM, "a process between has ended")
                        : find_pid(pidfd, err);
    else
        pid = -1;
    process_end(between, !spec->sibling);
    if (pid > 0)
        *pidfd_out = STEAL_FD(pidfd);
    return pid;
}

/*
 * The child inherits that nobody may look into it or trace it: processes of the namespace that it
 * is born in could be quicker than its own first step. Returns what was before.
 */
static int hide(void)
{
    int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return dumpable;
}

static void unhide(int dumpable)
{
    if (dumpable == 1)
        prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

pid_t namespace_fork(const struct container_spec *spec, int cgroup_fd, int *pidfd_out,
                     struct error *err)
{
    struct detour detour = { 0 };
    int dumpable = 1;
    int status = 0;
    pid_t pid = -1;

    for (int i = 0; i < CONTAINER_NAMESPACE_COUNT && status == 0; i++) {
        if (needs_detour(spec, (enum container_namespace)i))
            status = leave_for(spec, (enum container_namespace)i, &detour, err);
    }
    if (status == 0 && namespace_is_new(spec, CONTAINER_NAMESPACE_TIME))
        status = leave_for_new_time(spec, &detour, err);
    dumpable = hide(); /* from here on its files in /proc are not its own */
    if (status == 0 && spec->namespaces[CONTAINER_NAMESPACE_USER].how == CONTAINER_JOIN)
        pid = fork_in_joined_user(spec, cgroup_fd, pidfd_out, err);
    else if (status == 0)
        pid = process_fork(flags_of(spec), cgroup_fd, spec->sibling, pidfd_out, err);
    if (pid != 0) {
        go_back(&detour);
        unhide(dumpable);
    }
    return pid;
}

pid_t namespace_fork_beside(int pidfd, int cgroup_fd, int *pidfd_out, struct error *err)
{
    AUTO_CLOSE int own = open_namespace("/proc/self/ns/pid", err);
    int dumpable = 1;
    pid_t pid = -1;

    if (own < 0)
        return -1;
    if (setns(pidfd, CLONE_NEWPID) < 0)
        return error_set_errno(err, errno, "enter the container's pid namespace");
    dumpable = hide();
    pid = process_fork(0, cgroup_fd, false, pidfd_out, err);
    if (pid != 0)
        unhide(dumpable);
    if (pid != 0 && setns(own, CLONE_NEWPID) < 0)
        abort();
    return pid;
}

int namespace_enter(const struct container_spec *spec, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        AUTO_CLOSE int fd = -1;

        if (spec->namespaces[order[i]].how != CONTAINER_JOIN || needs_detour(spec, order[i]))
            continue;
        fd = open_namespace(spec->namespaces[order[i]].path, err);
        if (fd < 0 || join(spec, order[i], fd, err) < 0)
            return -1;
    }
    return 0;
}

int namespace_enter_cgroup(const struct container_spec *spec, struct error *err)
{
    const struct container_namespace_choice *choice = &spec->namespaces[CONTAINER_NAMESPACE_CGROUP];
    AUTO_CLOSE int fd = -1;

    if (choice->how == CONTAINER_INHERIT)
        return 0;
    if (choice->how == CONTAINER_NEW)
        return unshare(CLONE_NEWCGROUP) < 0 ? error_set_errno(err, errno, "make a cgroup namespace")
                                            : 0;
    fd = open_namespace(choice->path, err);
    return fd < 0 ? -1 : join(spec, CONTAINER_NAMESPACE_CGROUP, fd, err);
}
