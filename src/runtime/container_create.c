/* SPDX-License-Identifier: MIT */

/*
 * The making of a container
 *
 * The maker makes the cgroup and one process in new namespaces; that process builds its own
 * file system and becomes the program (newborn.c). What only the maker may do the process asks for,
 * and what goes wrong there comes back, through one channel. The only things that can be left on
 * the host are cgroups, which bear the container's id.
 */

#include <sys/stat.h>
#include <unistd.h>

#include "runtime/cgroup.h"
#include "runtime/cgroup_limit.h"
#include "runtime/cgroup_mark.h"
#include "runtime/channel.h"
#include "runtime/container.h"
#include "runtime/container_name.h"
#include "runtime/device_rule.h"
#include "runtime/gate.h"
#include "runtime/idmap.h"
#include "runtime/launch.h"
#include "runtime/namespace.h"
#include "runtime/newborn.h"
#include "runtime/overlay.h"
#include "runtime/posture.h"
#include "runtime/process.h"
#include "runtime/resources.h"
#include "runtime/rootfs_parts.h"
#include "runtime/syscall_profile.h"
#include "runtime/sysctl.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

#define END_MS 2000

/* One start, as the maker sees it. */
struct making {
    const struct container_spec *spec;
    const struct cgroup *cgroup;
    const char *gate; /* NULL: the program is executed at once */
    struct container_process *process;
    int channel;
};

static int check_names(const struct container_spec *spec, struct error *err)
{
    bool own_names = namespace_is_own(spec, CONTAINER_NAMESPACE_UTS);

    if ((spec->hostname || spec->domainname) && !own_names)
        return error_set(err, ERROR_INVALID,
                         "a host name of its own needs a uts namespace of its own");
    return 0;
}

static int check_spec(const struct container_spec *spec, struct error *err)
{
    const struct strings *args = &spec->program.args;

    if (container_name_check(spec->cgroup_parent, spec->id, err) < 0)
        return -1;
    if (!spec->root && (spec->lower.count == 0 || !spec->upper || !spec->work))
        return error_set(err, ERROR_INVALID,
                         "a container needs a root, or a layer, an upper and a work folder");
    if (args->count == 0 || !*args->items[0])
        return error_set(err, ERROR_INVALID, "no command: give one in the image or the file");
    if (namespace_check(spec, err) < 0 || check_names(spec, err) < 0)
        return -1;
    return sysctl_check(spec, err);
}

/* The root inside shall be able to open /dev/stdout again, as outside of a user namespace. */
static void own_pipes(const struct container_spec *spec)
{
    const int fds[] = { spec->program.stdin_fd, spec->program.stdout_fd, spec->program.stderr_fd };
    const struct container_id_maps *maps = &spec->id_maps;
    int64_t uid = idmap_find_outside(maps->users, maps->user_count, 0);
    int64_t gid = idmap_find_outside(maps->groups, maps->group_count, 0);

    for (size_t i = 0; i < ARRAY_SIZE(fds) && uid >= 0 && gid >= 0; i++) {
        struct stat status;

        if (fds[i] >= 0 && fstat(fds[i], &status) == 0 && S_ISFIFO(status.st_mode) &&
            fchown(fds[i], (uid_t)uid, (gid_t)gid) < 0)
            return;
    }
}

/* A user namespace is born without rights over the host: what needs those is made for it. */
static int answer_user(const struct making *making, struct error *err)
{
    const struct container_spec *spec = making->spec;
    AUTO_ROOTFS_PARTS struct rootfs_parts parts = ROOTFS_PARTS_NONE;
    int fds[ROOTFS_PARTS_MAX];
    size_t count = 0;

    own_pipes(spec);
    if ((namespace_is_new(spec, CONTAINER_NAMESPACE_USER) &&
         idmap_write(making->process->pid, &spec->id_maps, err) < 0) ||
        cgroup_add(making->cgroup, making->process->pid, err) < 0 ||
        posture_set_oom_score(&spec->program, making->process->pid, err) < 0 ||
        device_rule_apply_v2(making->cgroup, spec, err) < 0 ||
        rootfs_parts_make(spec, making->process->pid, &parts, err) < 0)
        return -1;
    count = rootfs_parts_list(spec, &parts, fds);
    return channel_answer(making->channel, fds, count, err);
}

static int answer_ready(const struct making *making, struct error *err)
{
    const struct container_spec *spec = making->spec;

    if (spec->hook(spec->hook_context, CONTAINER_CREATE_RUNTIME, making->process->pid, err) < 0)
        return -1;
    return channel_answer(making->channel, NULL, 0, err);
}

/* Deal with one word of the new process; `done` becomes true with the last. */
static int hear_one(const struct making *making, bool *done, struct error *err)
{
    enum channel_word word = CHANNEL_END;
    AUTO_CLOSE int passed = -1;

    if (channel_hear(making->channel, &word, &passed, err) < 0)
        return -1;
    *done = word == CHANNEL_END || word == CHANNEL_PARKED;
    switch (word) {
    case CHANNEL_TERMINAL:
        making->process->terminal_fd = STEAL_FD(passed);
        return 0;
    case CHANNEL_LISTENER:
        return launch_answer_listener(making->spec->program.syscalls, passed, making->process->pid,
                                      making->channel, err);
    case CHANNEL_USER:
        return answer_user(making, err);
    case CHANNEL_READY:
        return answer_ready(making, err);
    case CHANNEL_PARKED:
        return 0;
    case CHANNEL_END:
        break;
    }
    if (making->gate)
        return error_set(err, ERROR_SYSTEM, "the container's process has ended");
    return 0;
}

static int accompany(const struct making *making, struct error *err)
{
    bool done = false;

    while (!done) {
        if (hear_one(making, &done, err) < 0)
            return -1;
    }
    return 0;
}

static int start_process(const struct container_spec *spec, const struct cgroup *cgroup,
                         const char *gate, struct container_process *out, struct error *err)
{
    AUTO_LAUNCH struct launch launch = { .program = &spec->program, .spec = spec };
    AUTO_ROOTFS_PARTS struct rootfs_parts parts = ROOTFS_PARTS_NONE;
    AUTO_CHANNEL struct channel channel = CHANNEL_NONE;
    AUTO_CLOSE int listening = -1;
    struct container_process process = { .pidfd = -1, .terminal_fd = -1 };
    struct making making = { spec, cgroup, gate, &process, -1 };

    if (launch_prepare(&launch, err) < 0 || rootfs_parts_prepare(spec, &parts, err) < 0 ||
        channel_open(!spec->hook, &channel, err) < 0 ||
        (gate && gate_open(gate, &listening, err) < 0))
        return -1;
    launch.channel = channel.child;
    launch.gate = listening;
    making.channel = channel.parent;
    process.pid = namespace_fork(spec, cgroup_get_unified(cgroup), &process.pidfd, err);
    if (process.pid < 0)
        return -1;
    if (process.pid == 0)
        newborn_run(spec, cgroup, &parts, &launch);
    channel_drop_child(&channel);
    if (process_read_start_time(process.pid, &process.start_time, err) < 0 ||
        channel_release(channel.parent, err) < 0 || accompany(&making, err) < 0) {
        process_end(process.pidfd, !spec->sibling);
        if (gate)
            unlink(gate);
        cleanup_close(&process.pidfd);
        cleanup_close(&process.terminal_fd);
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

static int start_in_cgroup(const struct container_spec *spec, const struct cgroup *cgroup,
                           const char *gate, struct container_process *out, struct error *err)
{
    if (cgroup_limit_apply(cgroup, &spec->limits, false, err) < 0 ||
        (spec->resources && cgroup_limit_apply_resources(cgroup, spec->resources, err) < 0) ||
        device_rule_apply_v1(cgroup, spec, err) < 0)
        return launch_blame_spec(err);
    if (!spec->program.bare)
        group_memory(cgroup);
    if (!spec->root)
        overlay_probe();
    return start_process(spec, cgroup, gate, out, err);
}

static int tell_mark(const struct container_spec *spec, const char *mark, struct error *err)
{
    return spec->on_cgroup ? spec->on_cgroup(spec->hook_context, mark, err) : 0;
}

static int start_with_cgroup(const struct container_spec *spec, const char *gate,
                             struct container_process *out, struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;
    AUTO_TEXT struct text mark = { 0 };
    unsigned wanted = cgroup_limit_find_controllers(spec->resources);
    struct error ignored = { 0 };

    if (cgroup_create(spec->cgroup_parent, spec->id, wanted, &cgroup, err) < 0)
        return launch_blame_spec(err);
    if (cgroup_mark_format(&cgroup, &mark, err) == 0 &&
        tell_mark(spec, text_get(&mark), err) == 0 &&
        start_in_cgroup(spec, &cgroup, gate, out, err) == 0)
        return 0;
    /* Hooks may have left processes in it. */
    if (container_end(spec->cgroup_parent, spec->id, text_get(&mark), END_MS, &ignored) < 0)
        error_clear(&ignored);
    return -1;
}

int container_create(const struct container_spec *spec, const char *gate,
                     struct container_process *out, struct error *err)
{
    if (check_spec(spec, err) < 0)
        return -1;
    if (start_with_cgroup(spec, gate, out, err) == 0)
        return 0;
    return error_wrap(err, "start container '%s'", spec->id);
}
