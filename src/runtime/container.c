/* SPDX-License-Identifier: MIT */

/*
 * One container: its start, its processes, what they use and may use, and its end
 */

#include "runtime/container.h"

#include <errno.h>
#include <poll.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "runtime/cgroup.h"
#include "runtime/cgroup_freezer.h"
#include "runtime/cgroup_limit.h"
#include "runtime/cgroup_mark.h"
#include "runtime/cgroup_usage.h"
#include "runtime/channel.h"
#include "runtime/container_name.h"
#include "runtime/device_rule.h"
#include "runtime/gate.h"
#include "runtime/launch.h"
#include "runtime/process.h"
#include "runtime/resources.h"
#include "util/cleanup.h"
#include "util/error.h"

int container_start(const struct container_spec *spec, struct container_process *out,
                    struct error *err)
{
    return container_create(spec, NULL, out, err);
}

int container_release(const char *gate, const struct syscall_profile *syscalls, struct error *err)
{
    AUTO_CLOSE int channel = -1;
    enum channel_word word = CHANNEL_LISTENER;

    if (gate_connect(gate, &channel, err) < 0)
        return -1;
    while (word == CHANNEL_LISTENER) {
        AUTO_CLOSE int passed = -1;

        if (channel_hear(channel, &word, &passed, err) < 0)
            return -1;
        if (word == CHANNEL_LISTENER &&
            launch_answer_listener(syscalls, passed, 0, channel, err) < 0)
            return -1;
    }
    unlink(gate);
    return 0;
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

static int open_cgroup(const char *cgroup_parent, const char *id, struct cgroup *out,
                       struct error *err)
{
    if (container_name_check(cgroup_parent, id, err) < 0)
        return -1;
    return cgroup_open(cgroup_parent, id, out, err);
}

int container_kill_all(const char *cgroup_parent, const char *id, int64_t timeout_ms,
                       struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;

    if (container_name_check(cgroup_parent, id, err) < 0)
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
    if (container_name_check(cgroup_parent, id, err) < 0)
        return -1;
    return cgroup_remove(cgroup_parent, id, NULL, err);
}

/* Of a process that is frozen on version 1 the end would have to be waited for. */
static int end_processes(const struct cgroup *cgroup, int64_t timeout_ms, struct error *err)
{
    if (cgroup_freezer_is_frozen(cgroup) && cgroup_freezer_thaw(cgroup, err) < 0)
        return -1;
    return cgroup_kill(cgroup, timeout_ms, err);
}

int container_end(const char *cgroup_parent, const char *id, const char *mark, int64_t timeout_ms,
                  struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;
    bool is_ours = false;

    if (open_cgroup(cgroup_parent, id, &cgroup, err) == 0) {
        if (cgroup_mark_keep(mark, &cgroup, &is_ours, err) < 0 ||
            (is_ours && end_processes(&cgroup, timeout_ms, err) < 0))
            return -1;
    } else if (err->code == ERROR_NOT_FOUND) {
        error_clear(err); /* there may be parents */
    } else {
        return -1;
    }
    return cgroup_remove(cgroup_parent, id, mark, err);
}

int container_destroy_parent(const char *cgroup_parent, struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;

    if (container_name_check(NULL, cgroup_parent, err) < 0)
        return -1;
    if (cgroup_open(cgroup_parent, NULL, &cgroup, err) < 0) {
        if (err->code != ERROR_NOT_FOUND)
            return -1;
        error_clear(err);
        return 0;
    }
    if (cgroup_kill(&cgroup, 10000, err) < 0)
        return -1;
    return cgroup_remove(cgroup_parent, NULL, NULL, err);
}

int container_usage(const char *cgroup_parent, const char *id, struct container_usage *out,
                    struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;

    if (open_cgroup(cgroup_parent, id, &cgroup, err) < 0)
        return -1;
    cgroup_usage_read(&cgroup, out);
    return 0;
}

int container_update(const char *cgroup_parent, const char *id,
                     const struct container_limits *limits, struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;

    if (open_cgroup(cgroup_parent, id, &cgroup, err) < 0)
        return -1;
    return cgroup_limit_apply(&cgroup, limits, true, err);
}

int container_update_resources(const char *cgroup_parent, const char *id,
                               const struct container_resources *resources, struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;

    if (open_cgroup(cgroup_parent, id, &cgroup, err) < 0)
        return -1;
    if (resources->device_rule_count > 0 &&
        device_rule_replace(&cgroup, resources->device_rules, resources->device_rule_count, err) <
            0)
        return -1;
    return cgroup_limit_apply_resources(&cgroup, resources, err);
}

int container_list(const char *cgroup_parent, const char *id, const char *mark, pid_t **out,
                   size_t *count_out, struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;
    bool is_ours = false;

    if (open_cgroup(cgroup_parent, id, &cgroup, err) < 0 ||
        cgroup_mark_keep(mark, &cgroup, &is_ours, err) < 0)
        return -1;
    if (is_ours)
        return cgroup_list(&cgroup, out, count_out, err);
    *out = NULL;
    *count_out = 0;
    return 0;
}

static int signal_listed(const struct cgroup *cgroup, int number, struct error *err)
{
    AUTO_FREE pid_t *pids = NULL;
    size_t count = 0;

    if (cgroup_list(cgroup, &pids, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        AUTO_CLOSE int pidfd = pidfd_open(pids[i], 0);

        /* One that has gone meanwhile needs no signal. */
        if (pidfd < 0 || !cgroup_list_has(cgroup, pids[i]))
            continue;
        if (pidfd_send_signal(pidfd, number, NULL, 0) < 0 && errno != ESRCH)
            return error_set_errno(err, errno, "send signal %d to process %d", number,
                                   (int)pids[i]);
    }
    return 0;
}

int container_signal_all(const char *cgroup_parent, const char *id, const char *mark, int number,
                         struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;
    bool is_ours = false;

    if (open_cgroup(cgroup_parent, id, &cgroup, err) < 0 ||
        cgroup_mark_keep(mark, &cgroup, &is_ours, err) < 0)
        return -1;
    return is_ours ? signal_listed(&cgroup, number, err) : 0;
}

int container_freeze(const char *cgroup_parent, const char *id, int64_t timeout_ms,
                     struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;

    if (open_cgroup(cgroup_parent, id, &cgroup, err) < 0)
        return -1;
    return cgroup_freezer_freeze(&cgroup, timeout_ms, err);
}

int container_thaw(const char *cgroup_parent, const char *id, struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;

    if (open_cgroup(cgroup_parent, id, &cgroup, err) < 0)
        return -1;
    return cgroup_freezer_thaw(&cgroup, err);
}

bool container_is_frozen(const char *cgroup_parent, const char *id)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;
    struct error ignored = { 0 };

    return open_cgroup(cgroup_parent, id, &cgroup, &ignored) == 0 &&
           cgroup_freezer_is_frozen(&cgroup);
}
