/* SPDX-License-Identifier: MIT */

/*
 * The file system of a container
 *
 * Order matters: the image's own /proc, /sys and /dev are covered first and must be real
 * folders; then come the mounts of the spec, whose targets are resolved inside of the root by
 * the kernel; the root becomes read-only after the last folder was made in it. Cgroups are
 * joined in two steps because the rules for devices would forbid making them.
 *
 * A bare container has only the mounts of its spec; what of /proc, /sys and /dev is among them
 * is looked up afterwards.
 */

#include "runtime/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "runtime/cgroup.h"
#include "runtime/cgroup_mount.h"
#include "runtime/confined.h"
#include "runtime/device.h"
#include "runtime/device_rule.h"
#include "runtime/mask.h"
#include "runtime/mount.h"
#include "runtime/mounting.h"
#include "runtime/namespace.h"
#include "runtime/overlay.h"
#include "runtime/rootfs_parts.h"
#include "runtime/spec.h"
#include "runtime/sysctl.h"
#include "util/cleanup.h"
#include "util/error.h"

#define CLOSED (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

void rootfs_done(struct rootfs *rootfs)
{
    cleanup_close(&rootfs->root);
    cleanup_close(&rootfs->proc);
    cleanup_close(&rootfs->sys);
    cleanup_close(&rootfs->dev);
}

/* Attach the mount `fd` to a folder directly below the root, which must be no link. */
static int attach_below(int rootfd, const char *folder, int fd, struct error *err)
{
    AUTO_CLOSE int target = -1;

    if (mkdirat(rootfd, folder, 0555) < 0 && errno != EEXIST)
        return error_set_errno(err, errno, "make /%s", folder);
    target = confined_open_plain(rootfd, folder);
    if (target < 0)
        return error_set_errno(err, errno, "/%s of the image must be a folder", folder);
    return mount_attach(fd, target, err);
}

static int mount_kernel(int rootfd, const char *folder, const char *type, uint64_t attributes,
                        int *out, struct error *err)
{
    AUTO_CLOSE int fd = -1;

    if (mount_new(type, NULL, attributes, &fd, err) < 0 ||
        attach_below(rootfd, folder, fd, err) < 0)
        return -1;
    *out = STEAL_FD(fd);
    return 0;
}

static int mount_cgroups(const struct cgroup *cgroup, int sysfd, bool writable, struct error *err)
{
    AUTO_CLOSE int target = confined_open_plain(sysfd, "fs/cgroup");

    if (target < 0)
        return error_set_errno(err, errno, "open /sys/fs/cgroup");
    return cgroup_mount_attach(cgroup, target, writable, err);
}

/* From here on the process is in all of its cgroups, and sees them as the root of each. */
static int finish_cgroups(const struct container_spec *spec, const struct cgroup *cgroup,
                          struct error *err)
{
    if (!namespace_is_own(spec, CONTAINER_NAMESPACE_USER) &&
        (device_rule_apply_v2(cgroup, spec, err) < 0 || cgroup_join(cgroup, true, err) < 0))
        return -1;
    return namespace_enter_cgroup(spec, err);
}

static int mount_sys(const struct container_spec *spec, const struct rootfs_parts *parts,
                     struct rootfs *fs, struct error *err)
{
    const uint64_t attributes = CLOSED | (spec->program.privileged ? 0 : MOUNT_ATTR_RDONLY);

    if (parts->sys < 0)
        return mount_kernel(fs->root, "sys", "sysfs", attributes, &fs->sys, err);
    if (attach_below(fs->root, "sys", parts->sys, err) < 0)
        return -1;
    fs->sys = dup(parts->sys);
    return fs->sys < 0 ? error_set_errno(err, errno, "duplicate a descriptor") : 0;
}

static int mount_defaults(const struct container_spec *spec, const struct cgroup *cgroup,
                          const struct rootfs_parts *parts, struct rootfs *fs, struct error *err)
{
    if (mount_kernel(fs->root, "proc", "proc", CLOSED, &fs->proc, err) < 0 ||
        mount_sys(spec, parts, fs, err) < 0 ||
        device_make_folder(spec, fs->root, &fs->dev, err) < 0 ||
        device_make_listed(spec, fs->root, err) < 0 || finish_cgroups(spec, cgroup, err) < 0 ||
        mount_cgroups(cgroup, fs->sys, spec->program.privileged, err) < 0)
        return -1;
    return 0;
}

static bool is_proc(int fd)
{
    struct statfs status;

    return fd >= 0 && fstatfs(fd, &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

/* Only what is asked for, and the devices that every container has. */
static int mount_bare(const struct container_spec *spec, const struct cgroup *cgroup,
                      const struct rootfs_parts *parts, struct rootfs *fs, struct error *err)
{
    if (mounting_add(spec, cgroup, fs, parts->sources, err) < 0 ||
        device_complete(spec, fs->root, err) < 0 || device_make_listed(spec, fs->root, err) < 0 ||
        mounting_close(spec, fs->root, err) < 0 || finish_cgroups(spec, cgroup, err) < 0)
        return -1;
    return 0;
}

/* The mount that `folder` lies on must not hand on to others what is mounted there. */
static int make_place_private(int folder, struct error *err)
{
    AUTO_CLOSE int at = openat(folder, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

    for (int depth = 0; at >= 0 && depth < 4096; depth++) {
        struct statx status;
        int above = -1;

        if (statx(at, "", AT_EMPTY_PATH, STATX_TYPE, &status) < 0)
            break;
        if (status.stx_attributes & STATX_ATTR_MOUNT_ROOT)
            return mount_propagate(at, MS_PRIVATE, err);
        above = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        close(at);
        at = above;
    }
    return error_set_errno(err, errno, "find the mount of the root");
}

/* A plain folder becomes a mount, as only that can be the root. */
static int open_plain_root(const struct container_spec *spec, int *out, struct error *err)
{
    AUTO_CLOSE int folder = open(spec->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSE int fd = -1;

    if (folder < 0)
        return error_set_errno(err, errno, "open the root '%s'", spec->root);
    if (mount_clone(folder, "", true, &fd, err) < 0 || mount_propagate(fd, MS_PRIVATE, err) < 0 ||
        make_place_private(folder, err) < 0 || mount_attach(fd, folder, err) < 0)
        return -1;
    *out = STEAL_FD(fd);
    return 0;
}

static int open_root(const struct container_spec *spec, const struct rootfs_parts *parts, int *out,
                     struct error *err)
{
    const struct overlay overlay = { &spec->lower, spec->upper, spec->work };

    if (parts->root >= 0) {
        AUTO_CLOSE int place = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (mount_attach(parts->root, place, err) < 0)
            return -1;
        *out = dup(parts->root);
        return *out < 0 ? error_set_errno(err, errno, "duplicate a descriptor") : 0;
    }
    if (spec->root)
        return open_plain_root(spec, out, err);
    return overlay_mount(&overlay, out, err);
}

/*
 * What is mounted here is not to be seen on the host. In a bare container the host's later mounts
 * are seen by default, as with other runtimes, so that a bind can ask for them.
 */
static int separate_mounts(const struct container_spec *spec, struct error *err)
{
    unsigned long propagation = spec->program.bare ? MS_SLAVE : MS_PRIVATE;

    if (spec->root_propagation)
        propagation = (unsigned long)spec->root_propagation & ~(unsigned long)MS_REC;
    if (propagation == MS_UNBINDABLE)
        propagation = MS_PRIVATE;
    if (mount(NULL, "/", NULL, MS_REC | propagation, NULL) < 0)
        return error_set_errno(err, errno, "separate the mounts from the host's");
    return 0;
}

static int protect_kernel(const struct container_spec *spec, const struct rootfs *fs,
                          struct error *err)
{
    if (is_proc(fs->proc) && sysctl_apply(fs->proc, spec, err) < 0)
        return -1;
    if (!is_proc(fs->proc) && spec->sysctls && spec->sysctls->count > 0)
        return error_set(err, ERROR_INVALID, "kernel parameters need a mount of proc on /proc");
    return mask_apply(spec, fs, err);
}

static int finish(const struct container_spec *spec, const struct rootfs *fs, struct error *err)
{
    AUTO_CLOSE int cwd = -1;

    if (spec->program.cwd && confined_make_folder(fs->root, spec->program.cwd, 0755, &cwd, err) < 0)
        return -1;
    return spec->read_only ? mount_change(fs->root, false, MOUNT_ATTR_RDONLY, err) : 0;
}

int rootfs_build(const struct container_spec *spec, const struct cgroup *cgroup,
                 const struct rootfs_parts *parts, struct rootfs *out, struct error *err)
{
    AUTO_ROOTFS struct rootfs fs = ROOTFS_NONE;
    bool bare = spec->program.bare;

    if (separate_mounts(spec, err) < 0 || open_root(spec, parts, &fs.root, err) < 0)
        return -1;
    if ((bare ? mount_bare : mount_defaults)(spec, cgroup, parts, &fs, err) < 0 ||
        protect_kernel(spec, &fs, err) < 0 ||
        (!bare && mounting_add(spec, cgroup, &fs, parts->sources, err) < 0) ||
        finish(spec, &fs, err) < 0)
        return -1;
    *out = fs;
    fs = (struct rootfs)ROOTFS_NONE;
    return 0;
}

/*
 * The old root ends up on top of the new one and is taken off with all that hangs below it; where
 * mounts are shared with the host's the host must not notice.
 */
int rootfs_enter(const struct container_spec *spec, const struct rootfs *rootfs, struct error *err)
{
    AUTO_CLOSE int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool shared = spec->program.bare || spec->root_propagation;

    if (old < 0 || fchdir(rootfs->root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
        fchdir(old) < 0 || (shared && mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0) ||
        umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return error_set_errno(err, errno, "change the root");
    /* Of the root alone: the mounts of the spec have their own. */
    return mount_propagate(rootfs->root, spec->root_propagation & ~(uint64_t)MS_REC, err);
}
