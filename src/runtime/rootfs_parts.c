/* SPDX-License-Identifier: MIT */

/*
 * The parts of a container's file system that its own process may not make
 */

#include "runtime/rootfs_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "runtime/idmap.h"
#include "runtime/mount.h"
#include "runtime/mounting.h"
#include "runtime/namespace.h"
#include "runtime/overlay.h"
#include "runtime/spec.h"
#include "runtime/sysctl.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

void rootfs_parts_done(struct rootfs_parts *parts)
{
    cleanup_close(&parts->root);
    cleanup_close(&parts->sys);
    for (size_t i = 0; i < parts->source_count; i++)
        cleanup_close(&parts->sources[i]);
    free(parts->sources);
}

static void make_room(const struct container_spec *spec, struct rootfs_parts *parts)
{
    parts->sources = alloc_array(int, spec->mount_count + 1);
    parts->source_count = spec->mount_count;
    for (size_t i = 0; i < spec->mount_count; i++)
        parts->sources[i] = -1;
}

int rootfs_parts_prepare(const struct container_spec *spec, struct rootfs_parts *out,
                         struct error *err)
{
    bool shifts = false;

    for (size_t i = 0; i < spec->mount_count; i++)
        shifts = shifts || spec->mounts[i].idmap;
    if (!shifts || namespace_is_own(spec, CONTAINER_NAMESPACE_USER))
        return 0;
    make_room(spec, out);
    return mounting_prepare(spec, -1, out->sources, err);
}

/* The namespace gives no right over a network that is not its own, so neither over its sysfs. */
static bool needs_sys(const struct container_spec *spec)
{
    return !spec->program.bare &&
           spec->namespaces[CONTAINER_NAMESPACE_NETWORK].how != CONTAINER_NEW;
}

/*
 * A sysfs shows the network of who makes it, and parameters are those of who sets them: enter
 * the network for a moment.
 */
static int prepare_network(const struct container_spec *spec, int *out, struct error *err)
{
    const uint64_t attributes =
        MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY;
    const char *path = spec->namespaces[CONTAINER_NAMESPACE_NETWORK].path;
    AUTO_CLOSE int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    AUTO_CLOSE int target = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    int result = 0;

    if (!path)
        return needs_sys(spec) ? mount_new("sysfs", NULL, attributes, out, err) : 0;
    if (own < 0 || target < 0 || setns(target, CLONE_NEWNET) < 0)
        return error_set_errno(err, errno, "enter the network namespace '%s'", path);
    result = sysctl_apply_network(spec, err);
    if (result == 0 && needs_sys(spec))
        result = mount_new("sysfs", NULL, attributes, out, err);
    if (setns(own, CLONE_NEWNET) < 0)
        abort(); /* better an end than to go on in a stranger's network */
    return result;
}

/* New files belong to the container's root, as do the folders they are in. */
static int own_upper(const struct container_spec *spec, struct error *err)
{
    const struct container_id_maps *maps = &spec->id_maps;
    int64_t uid = idmap_find_outside(maps->users, maps->user_count, 0);
    int64_t gid = idmap_find_outside(maps->groups, maps->group_count, 0);

    if (uid < 0 || gid < 0)
        return error_set(err, ERROR_INVALID, "the maps of a user namespace need an id 0");
    if (chown(spec->upper, (uid_t)uid, (gid_t)gid) < 0)
        return error_set_errno(err, errno, "set the owner of '%s'", spec->upper);
    return 0;
}

static int make_root(const struct container_spec *spec, int userns, int *out, struct error *err)
{
    const struct overlay overlay = { &spec->lower, spec->upper, spec->work };

    if (spec->root)
        return mount_clone(AT_FDCWD, spec->root, true, out, err);
    return own_upper(spec, err) < 0 ? -1 : overlay_make(&overlay, userns, out, err);
}

int rootfs_parts_make(const struct container_spec *spec, pid_t pid, struct rootfs_parts *out,
                      struct error *err)
{
    AUTO_CLOSE int userns = -1;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
    userns = open(path, O_RDONLY | O_CLOEXEC);
    if (userns < 0)
        return error_set_errno(err, errno, "open '%s'", path);
    make_room(spec, out);
    if (make_root(spec, userns, &out->root, err) < 0 || prepare_network(spec, &out->sys, err) < 0)
        return -1;
    return mounting_prepare(spec, userns, out->sources, err);
}

size_t rootfs_parts_count(const struct container_spec *spec)
{
    size_t count = needs_sys(spec) ? 2 : 1;

    for (size_t i = 0; i < spec->mount_count; i++)
        count += spec->mounts[i].kind == CONTAINER_MOUNT_BIND;
    return MIN(count, ROOTFS_PARTS_MAX);
}

size_t rootfs_parts_list(const struct container_spec *spec, const struct rootfs_parts *parts,
                         int fds[ROOTFS_PARTS_MAX])
{
    size_t count = 0;

    fds[count++] = parts->root;
    if (needs_sys(spec))
        fds[count++] = parts->sys;
    for (size_t i = 0; i < parts->source_count && count < ROOTFS_PARTS_MAX; i++) {
        if (parts->sources[i] >= 0)
            fds[count++] = parts->sources[i];
    }
    return count;
}

void rootfs_parts_take(const struct container_spec *spec, const int fds[ROOTFS_PARTS_MAX],
                       struct rootfs_parts *out)
{
    size_t next = 0;

    make_room(spec, out);
    out->root = fds[next++];
    if (needs_sys(spec))
        out->sys = fds[next++];
    for (size_t i = 0; i < spec->mount_count && next < ROOTFS_PARTS_MAX; i++) {
        if (spec->mounts[i].kind == CONTAINER_MOUNT_BIND)
            out->sources[i] = fds[next++];
    }
}
