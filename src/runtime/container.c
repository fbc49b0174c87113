/* SPDX-License-Identifier: MIT */

/*
 * One container, from spec to exit status
 *
 * The parent makes the cgroup and one process in new namespaces; that process builds its own
 * file system and becomes the program. What goes wrong there comes back through a channel. The
 * only things that can be left on the host are cgroups, which bear the container's id.
 */

#include "runtime/container.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/cgroup.h"
#include "runtime/cgroup_limit.h"
#include "runtime/cgroup_usage.h"
#include "runtime/channel.h"
#include "runtime/device.h"
#include "runtime/launch.h"
#include "runtime/overlay.h"
#include "runtime/process.h"
#include "runtime/rootfs.h"
#include "runtime/syscall_filter.h"
#include "runtime/sysctl.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC)
#define ID_MAX_LENGTH 60

static bool is_valid_id(const char *id)
{
    size_t length = strlen(id);

    return length > 0 && length <= ID_MAX_LENGTH && id[0] != '-' &&
           strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-_") == length;
}

static int check_ids(const char *parent, const char *id, struct error *err)
{
    if (!id || !is_valid_id(id))
        return error_set(err, ERROR_INVALID,
                         "container id '%.64s' is not valid: use at most %d of a-z, 0-9, - and _",
                         id ? id : "", ID_MAX_LENGTH);
    if (parent && !is_valid_id(parent))
        return error_set(err, ERROR_INVALID,
                         "cgroup parent '%.64s' is not valid: use at most %d of a-z, 0-9, - and _",
                         parent, ID_MAX_LENGTH);
    return 0;
}

/* What the contract has and this code does not yet. */
static int refuse_unbuilt(const struct container_spec *spec, struct error *err)
{
    const struct container_program *program = &spec->program;

    if (spec->root || spec->hook || spec->resources || spec->personality || spec->device_count ||
        spec->id_maps.user_count || spec->monotonic || spec->boottime || spec->masked_paths ||
        spec->read_only_paths || program->bare || program->ids || program->syscalls ||
        program->capability_sets || program->scheduler || program->io_priority)
        return error_set(err, ERROR_UNSUPPORTED, "a part of the container's spec is not built yet");
    return 0;
}

static int check_spec(const struct container_spec *spec, struct error *err)
{
    if (refuse_unbuilt(spec, err) < 0)
        return -1;
    if (check_ids(spec->cgroup_parent, spec->id, err) < 0)
        return -1;
    if (spec->lower.count == 0 || !spec->upper || !spec->work)
        return error_set(err, ERROR_INVALID,
                         "a container needs a layer, an upper and a work folder");
    if (spec->program.args.count == 0 || !*spec->program.args.items[0])
        return error_set(err, ERROR_INVALID, "no command: give one in the image or the file");
    if (spec->namespaces[CONTAINER_NAMESPACE_NETWORK].how == CONTAINER_JOIN &&
        !spec->namespaces[CONTAINER_NAMESPACE_NETWORK].path)
        return error_set(err, ERROR_INVALID, "no network namespace to join");
    return sysctl_check(spec, err);
}

/* An own network namespace has a loopback, which is down at first. */
static int raise_loopback(struct error *err)
{
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        return error_set_errno(err, errno, "raise the loopback interface");
    return 0;
}

static int enter_network(const struct container_spec *spec, struct error *err)
{
    AUTO_CLOSE int fd = -1;

    if (spec->namespaces[CONTAINER_NAMESPACE_NETWORK].how == CONTAINER_NEW)
        return raise_loopback(err);
    if (spec->namespaces[CONTAINER_NAMESPACE_NETWORK].how == CONTAINER_INHERIT)
        return 0;
    fd = open(spec->namespaces[CONTAINER_NAMESPACE_NETWORK].path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
        return error_set_errno(err, errno, "join the network namespace '%s'",
                               spec->namespaces[CONTAINER_NAMESPACE_NETWORK].path);
    return 0;
}

static int set_names(const struct container_spec *spec, struct error *err)
{
    if (spec->hostname && sethostname(spec->hostname, strlen(spec->hostname)) < 0)
        return error_set_errno(err, errno, "set the host name '%s'", spec->hostname);
    if (spec->domainname && setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
        return error_set_errno(err, errno, "set the domain name '%s'", spec->domainname);
    return 0;
}

/* The child's whole life up to its program; returns only on failure. */
static int become_container(const struct container_spec *spec, const struct cgroup *cgroup,
                            struct launch *launch, struct error *err)
{
    process_reset_signals();
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    umask(0);
    if (cgroup_join(cgroup, false, err) < 0 || enter_network(spec, err) < 0 ||
        launch_fill_stdio(launch->stdio, err) < 0 || rootfs_enter(spec, cgroup, err) < 0 ||
        set_names(spec, err) < 0)
        return launch_blame_spec(err);
    umask(022);
    return launch_run(launch, err);
}

/* After a failure nothing of the process is left, as far as it is the caller's to reap. */
static void end_process(int pidfd, bool sibling)
{
    struct pollfd ended = { .fd = pidfd, .events = POLLIN };
    siginfo_t info;

    pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
    poll(&ended, 1, 5000);
    if (!sibling)
        waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG);
}

static int start_process(const struct container_spec *spec, const struct cgroup *cgroup,
                         struct container_process *out, struct error *err)
{
    const struct container_program *program = &spec->program;
    struct launch launch = {
        .program = program,
        .console = program->terminal,
        .init = spec->init,
        .stdio = { program->stdin_fd, program->stdout_fd, program->stderr_fd },
    };
    AUTO_CHANNEL struct channel channel = CHANNEL_NONE;
    struct container_process process = { .pidfd = -1, .terminal_fd = -1 };
    uint64_t flags = NAMESPACES;

    if (!program->privileged && !program->seccomp_unconfined &&
        syscall_filter_get(program->capabilities, &launch.filter, err) < 0)
        return -1;
    if (channel_open(&channel, err) < 0)
        return -1;
    launch.channel = channel.child;
    if (spec->namespaces[CONTAINER_NAMESPACE_NETWORK].how == CONTAINER_NEW)
        flags |= CLONE_NEWNET;
    process.pid =
        process_fork(flags, cgroup_get_unified(cgroup), spec->sibling, &process.pidfd, err);
    if (process.pid < 0)
        return -1;
    if (process.pid == 0) {
        if (become_container(spec, cgroup, &launch, err) < 0)
            channel_send_error(launch.channel, err);
        _exit(125);
    }
    /* Read while the process cannot have ended well: later another may have reaped it. */
    if (process_read_start_time(process.pid, &process.start_time, err) < 0 ||
        channel_wait(&channel, &process.terminal_fd, err) < 0) {
        end_process(process.pidfd, spec->sibling);
        cleanup_close(&process.pidfd);
        return -1;
    }
    *out = process;
    return 0;
}

/* Where the kernel can, all of a container dies when memory is short: half of it helps nobody. */
static void group_memory(const struct cgroup *cgroup)
{
    int dirfd = cgroup_get_folder(cgroup, CGROUP_MEMORY);
    struct error ignored = { 0 };

    if (dirfd >= 0 && cgroup_get_version(cgroup, CGROUP_MEMORY) == CGROUP_V2 &&
        file_write_control(dirfd, "memory.oom.group", "1", &ignored) < 0)
        error_clear(&ignored);
}

static int start_in_cgroup(const struct container_spec *spec, struct container_process *out,
                           struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;

    if (cgroup_create(spec->cgroup_parent, spec->id, &cgroup, err) < 0 ||
        cgroup_limit_apply(&cgroup, &spec->limits, false, err) < 0 ||
        (!spec->program.privileged && device_limit_v1(&cgroup, err) < 0))
        return launch_blame_spec(err);
    group_memory(&cgroup);
    overlay_probe();
    return start_process(spec, &cgroup, out, err);
}

int container_start(const struct container_spec *spec, struct container_process *out,
                    struct error *err)
{
    struct error ignored = { 0 };

    if (check_spec(spec, err) < 0)
        return -1;
    if (start_in_cgroup(spec, out, err) == 0)
        return 0;
    /* A cgroup that lives is another container's. */
    if (err->code != ERROR_EXISTS && cgroup_remove(spec->cgroup_parent, spec->id, &ignored) < 0)
        error_clear(&ignored);
    return error_wrap(err, "start container '%s'", spec->id);
}

int container_open_process(pid_t pid, uint64_t start_time, int *pidfd_out, struct error *err)
{
    AUTO_CLOSE int pidfd = pidfd_open(pid, 0);
    struct pollfd ended = { .fd = pidfd, .events = POLLIN };
    uint64_t found = 0;

    if (pidfd < 0 && errno != ESRCH && errno != EINVAL)
        return error_set_errno(err, errno, "open process %d", (int)pid);
    if (pidfd < 0)
        return error_set(err, ERROR_NOT_FOUND, "process %d is gone", (int)pid);
    if (process_read_start_time(pid, &found, err) < 0)
        return -1;
    /* Only in this order: while the process of the pidfd runs, the pid is still its own. */
    if (found != start_time || poll(&ended, 1, 0) != 0)
        return error_set(err, ERROR_NOT_FOUND, "process %d is gone", (int)pid);
    *pidfd_out = STEAL_FD(pidfd);
    return 0;
}

int container_kill_all(const char *cgroup_parent, const char *id, int64_t timeout_ms,
                       struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;

    if (check_ids(cgroup_parent, id, err) < 0)
        return -1;
    if (cgroup_open(cgroup_parent, id, &cgroup, err) < 0) {
        if (err->code != ERROR_NOT_FOUND)
            return -1;
        error_clear(err);
        return 0;
    }
    return cgroup_kill(&cgroup, timeout_ms, err);
}

int container_destroy(const char *cgroup_parent, const char *id, struct error *err)
{
    if (check_ids(cgroup_parent, id, err) < 0)
        return -1;
    return cgroup_remove(cgroup_parent, id, err);
}

int container_destroy_parent(const char *cgroup_parent, struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;

    if (check_ids(NULL, cgroup_parent, err) < 0)
        return -1;
    if (cgroup_open(cgroup_parent, NULL, &cgroup, err) < 0) {
        if (err->code != ERROR_NOT_FOUND)
            return -1;
        error_clear(err);
        return 0;
    }
    if (cgroup_kill(&cgroup, 10000, err) < 0)
        return -1;
    return cgroup_remove(cgroup_parent, NULL, err);
}

int container_usage(const char *cgroup_parent, const char *id, struct container_usage *out,
                    struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;

    if (check_ids(cgroup_parent, id, err) < 0 || cgroup_open(cgroup_parent, id, &cgroup, err) < 0)
        return -1;
    cgroup_usage_read(&cgroup, out);
    return 0;
}

int container_update(const char *cgroup_parent, const char *id,
                     const struct container_limits *limits, struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;

    if (check_ids(cgroup_parent, id, err) < 0 || cgroup_open(cgroup_parent, id, &cgroup, err) < 0)
        return -1;
    return cgroup_limit_apply(&cgroup, limits, true, err);
}
