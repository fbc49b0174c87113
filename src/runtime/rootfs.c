/* SPDX-License-Identifier: MIT */

/*
 * The file system of a container
 *
 * Order matters: the image's own /proc, /sys and /dev are covered first and must be real
 * folders; then come the mounts of the spec, whose targets are resolved inside of the root by
 * the kernel; the root becomes read-only after the last folder was made in it. Cgroups are
 * joined in two steps because the rules for devices would forbid making them.
 */

#include "runtime/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/cgroup.h"
#include "runtime/confined.h"
#include "runtime/device.h"
#include "runtime/mask.h"
#include "runtime/mount.h"
#include "runtime/overlay.h"
#include "runtime/part_mount.h"
#include "runtime/spec.h"
#include "runtime/sysctl.h"
#include "util/cleanup.h"
#include "util/error.h"

#define CLOSED (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

struct rootfs {
    int root, proc, sys, dev;
};

static void close_rootfs(struct rootfs *rootfs)
{
    cleanup_close(&rootfs->root);
    cleanup_close(&rootfs->proc);
    cleanup_close(&rootfs->sys);
    cleanup_close(&rootfs->dev);
}

/* Mount a kernel file system on a folder directly below the root, which must be no link. */
static int mount_kernel(int rootfd, const char *folder, const char *type, uint64_t attributes,
                        int *out, struct error *err)
{
    AUTO_CLOSE int fd = -1;
    AUTO_CLOSE int target = -1;

    if (mkdirat(rootfd, folder, 0555) < 0 && errno != EEXIST)
        return error_set_errno(err, errno, "make /%s", folder);
    target = confined_open_plain(rootfd, folder);
    if (target < 0)
        return error_set_errno(err, errno, "/%s of the image must be a folder", folder);
    if (mount_new(type, NULL, attributes, &fd, err) < 0 || mount_attach(fd, target, err) < 0)
        return -1;
    *out = STEAL_FD(fd);
    return 0;
}

/* Show the container its own part of one hierarchy. */
static int bind_cgroup(const struct cgroup *cgroup, size_t index, int target, bool writable,
                       struct error *err)
{
    AUTO_CLOSE int fd = -1;
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", cgroup->layout->hierarchies[index].path, cgroup->path);
    if (mount_clone(AT_FDCWD, path, false, &fd, err) < 0 ||
        mount_change(fd, false, CLOSED | (writable ? 0 : MOUNT_ATTR_RDONLY), err) < 0)
        return -1;
    return mount_attach(fd, target, err);
}

static int bind_cgroups_v1(const struct cgroup *cgroup, int target, bool writable,
                           struct error *err)
{
    static const struct mount_option options[] = { { "mode", "755" },
                                                   { "size", "64k" },
                                                   { NULL, NULL } };
    AUTO_CLOSE int folder = -1;

    if (mount_new("tmpfs", options, CLOSED, &folder, err) < 0 ||
        mount_attach(folder, target, err) < 0)
        return -1;
    for (size_t i = 0; i < cgroup->layout->count; i++) {
        const char *name = cgroup->layout->hierarchies[i].name;
        AUTO_CLOSE int place = -1;

        if (mkdirat(folder, name, 0755) < 0)
            return error_set_errno(err, errno, "make /sys/fs/cgroup/%s", name);
        place = openat(folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (place < 0)
            return error_set_errno(err, errno, "open /sys/fs/cgroup/%s", name);
        if (bind_cgroup(cgroup, i, place, writable, err) < 0)
            return -1;
    }
    return mount_change(folder, false, MOUNT_ATTR_RDONLY, err);
}

static int mount_cgroups(const struct cgroup *cgroup, int sysfd, bool writable, struct error *err)
{
    AUTO_CLOSE int target = confined_open_plain(sysfd, "fs/cgroup");

    if (target < 0)
        return error_set_errno(err, errno, "open /sys/fs/cgroup");
    if (cgroup->layout->count == 1 && cgroup->layout->unified == 0)
        return bind_cgroup(cgroup, 0, target, writable, err);
    return bind_cgroups_v1(cgroup, target, writable, err);
}

/* From here on the process is in all of its cgroups, and sees them as the root of each. */
static int finish_cgroups(const struct container_spec *spec, const struct cgroup *cgroup,
                          struct error *err)
{
    if (!spec->program.privileged && device_limit_v2(cgroup, err) < 0)
        return -1;
    if (cgroup_join(cgroup, true, err) < 0)
        return -1;
    if (unshare(CLONE_NEWCGROUP) < 0)
        return error_set_errno(err, errno, "make a cgroup namespace");
    return 0;
}

static int mount_defaults(const struct container_spec *spec, const struct cgroup *cgroup,
                          struct rootfs *fs, struct error *err)
{
    const uint64_t sys_attributes = CLOSED | (spec->program.privileged ? 0 : MOUNT_ATTR_RDONLY);

    if (mount_kernel(fs->root, "proc", "proc", CLOSED, &fs->proc, err) < 0 ||
        mount_kernel(fs->root, "sys", "sysfs", sys_attributes, &fs->sys, err) < 0 ||
        device_make_folder(fs->root, spec->shm_bytes, spec->program.terminal, &fs->dev, err) < 0 ||
        finish_cgroups(spec, cgroup, err) < 0 ||
        mount_cgroups(cgroup, fs->sys, spec->program.privileged, err) < 0 ||
        sysctl_apply(fs->proc, spec, err) < 0)
        return -1;
    if (spec->program.privileged)
        return 0;
    return mask_apply(fs->proc, fs->sys, fs->dev, err);
}

static int make_bind(const struct container_mount *mount, int *out, struct error *err)
{
    AUTO_CLOSE int fd = -1;

    if (mount_clone(AT_FDCWD, mount->source, true, &fd, err) < 0)
        return -1;
    if (mount->read_only && mount_change(fd, true, MOUNT_ATTR_RDONLY, err) < 0)
        return -1;
    *out = STEAL_FD(fd);
    return 0;
}

static int make_tmpfs(const struct container_mount *mount, int *out, struct error *err)
{
    char size[32] = "50%", mode[16];
    const struct mount_option options[] = { { "size", size }, { "mode", mode }, { NULL, NULL } };
    uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

    if (mount->size_bytes)
        snprintf(size, sizeof(size), "%" PRIu64, mount->size_bytes);
    snprintf(mode, sizeof(mode), "%o", mount->mode ? mount->mode : 01777U);
    if (mount->read_only)
        attributes |= MOUNT_ATTR_RDONLY;
    return mount_new("tmpfs", options, attributes, out, err);
}

static int (*const makers[])(const struct container_mount *, int *, struct error *) = {
    [CONTAINER_MOUNT_BIND] = make_bind,
    [CONTAINER_MOUNT_TMPFS] = make_tmpfs,
    [CONTAINER_MOUNT_LAYERS] = part_mount_layers,
    [CONTAINER_MOUNT_FILE] = part_mount_file,
};

static int add_mount(int rootfd, const struct container_mount *mount, struct error *err)
{
    AUTO_CLOSE int fd = -1;
    AUTO_CLOSE int target = -1;
    struct stat status = { .st_mode = S_IFDIR };
    int made = makers[mount->kind](mount, &fd, err);

    if (made < 0)
        return -1;
    if (fstat(fd, &status) < 0)
        return error_set_errno(err, errno, "look at '%s'", mount->source);
    if (S_ISDIR(status.st_mode))
        made = confined_make_folder(rootfd, mount->target, 0755, &target, err);
    else
        made = confined_make_file(rootfd, mount->target, &target, err);
    return made < 0 ? -1 : mount_attach(fd, target, err);
}

static int add_mounts(const struct container_spec *spec, int rootfd, struct error *err)
{
    for (size_t i = 0; i < spec->mount_count; i++) {
        if (add_mount(rootfd, &spec->mounts[i], err) < 0)
            return error_wrap(err, "mount on '%s'", spec->mounts[i].target);
    }
    return 0;
}

/* The old root ends up on top of the new one and is taken off with all that hangs below it. */
static int pivot(int rootfd, struct error *err)
{
    if (fchdir(rootfd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
        umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return error_set_errno(err, errno, "change the root");
    return 0;
}

static int build(const struct container_spec *spec, const struct cgroup *cgroup, struct rootfs *fs,
                 struct error *err)
{
    const struct overlay overlay = { &spec->lower, spec->upper, spec->work };
    AUTO_CLOSE int cwd = -1;

    if (overlay_mount(&overlay, &fs->root, err) < 0 || mount_defaults(spec, cgroup, fs, err) < 0 ||
        add_mounts(spec, fs->root, err) < 0)
        return -1;
    if (spec->program.cwd && confined_make_folder(fs->root, spec->program.cwd, 0755, &cwd, err) < 0)
        return -1;
    if (spec->read_only && mount_change(fs->root, false, MOUNT_ATTR_RDONLY, err) < 0)
        return -1;
    return 0;
}

int rootfs_enter(const struct container_spec *spec, const struct cgroup *cgroup, struct error *err)
{
    __attribute__((cleanup(close_rootfs))) struct rootfs fs = { -1, -1, -1, -1 };

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return error_set_errno(err, errno, "make the mounts private");
    if (build(spec, cgroup, &fs, err) < 0)
        return -1;
    return pivot(fs.root, err);
}
