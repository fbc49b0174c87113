/* SPDX-License-Identifier: MIT */

/*
 * Parts of /proc and /sys that a container must not read or must not write
 *
 * A hidden file is covered by the container's own null device, a hidden folder by one empty
 * tmpfs that all of them share, and what is read-only by itself. All is done by descriptors
 * on mounts that no process of a container has seen yet.
 */

#include "runtime/mask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "runtime/confined.h"
#include "runtime/mount.h"
#include "runtime/rootfs.h"
#include "runtime/spec.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

static const char *const hidden_in_proc[] = {
    "acpi",        "interrupts", "kcore",      "keys",        "latency_stats",
    "sched_debug", "scsi",       "timer_list", "timer_stats",
};
static const char *const hidden_in_sys[] = {
    "devices/virtual/powercap",
    "firmware",
    "fs/selinux",
};
static const char *const read_only_in_proc[] = {
    "asound", "bus", "fs", "irq", "sys", "sysrq-trigger",
};

struct covers {
    int empty; /* the mount of an empty folder, or -1: none yet */
    int null;  /* the container's null device, or -1: not opened yet */
    int rootfd;
};

/*
 * The first cover of a folder is the mount itself, the others are copies of it: before Linux
 * 6.15 only what is attached can be copied.
 */
static int cover_folder(struct covers *covers, int target, struct error *err)
{
    static const struct mount_option options[] = {
        { "size", "0" }, { "nr_inodes", "2" }, { "mode", "755" }, { NULL, NULL }
    };
    const uint64_t attributes =
        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    AUTO_CLOSE int copy = -1;

    if (covers->empty < 0) {
        if (mount_new("tmpfs", options, attributes, &covers->empty, err) < 0)
            return -1;
        return mount_attach(covers->empty, target, err);
    }
    if (mount_clone(covers->empty, "", false, &copy, err) < 0)
        return -1;
    return mount_attach(copy, target, err);
}

/* Opened once, and only what is a null device indeed. */
static int open_null(struct covers *covers, struct error *err)
{
    AUTO_CLOSE int null = -1;
    struct stat status;

    if (covers->null >= 0)
        return 0;
    null = confined_open_plain(covers->rootfd, "dev/null");
    if (null < 0 || fstat(null, &status) < 0)
        return error_set_errno(err, errno, "open /dev/null of the container");
    if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3))
        return error_set(err, ERROR_INVALID, "/dev/null of the container is no null device");
    covers->null = STEAL_FD(null);
    return 0;
}

static int cover_file(struct covers *covers, int target, struct error *err)
{
    AUTO_CLOSE int copy = -1;

    if (open_null(covers, err) < 0 || mount_clone(covers->null, "", false, &copy, err) < 0)
        return -1;
    return mount_attach(copy, target, err);
}

/* What this kernel does not have needs no cover. */
static int hide(int fsfd, const char *path, struct covers *covers, struct error *err)
{
    AUTO_CLOSE int target = confined_open_plain(fsfd, path);
    struct stat status;
    int result = 0;

    if (target < 0 && errno == ENOENT)
        return 0;
    if (target < 0 || fstat(target, &status) < 0)
        return error_set_errno(err, errno, "open '%s'", path);
    if (S_ISDIR(status.st_mode))
        result = cover_folder(covers, target, err);
    else
        result = cover_file(covers, target, err);
    return result < 0 ? error_wrap(err, "hide '%s'", path) : 0;
}

static int protect(int fsfd, const char *path, struct error *err)
{
    AUTO_CLOSE int target = confined_open_plain(fsfd, path);
    AUTO_CLOSE int copy = -1;

    if (target < 0 && errno == ENOENT)
        return 0;
    if (target < 0)
        return error_set_errno(err, errno, "open '%s'", path);
    if (mount_clone(target, "", false, &copy, err) < 0 ||
        mount_change(copy, false,
                     MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
                     err) < 0 ||
        mount_attach(copy, target, err) < 0)
        return error_wrap(err, "protect '%s'", path);
    return 0;
}

/* A folder of each core that has sensors; their numbers have no gaps worth a search. */
static int hide_throttling(int sysfd, struct covers *covers, struct error *err)
{
    long cores = sysconf(_SC_NPROCESSORS_CONF);
    int status = 0;

    for (long core = 0; core < cores && status == 0; core++) {
        char path[64];

        snprintf(path, sizeof(path), "devices/system/cpu/cpu%ld/thermal_throttle", core);
        status = hide(sysfd, path, covers, err);
    }
    return status;
}

static int apply_defaults(const struct rootfs *fs, struct covers *covers, struct error *err)
{
    int status = 0;

    for (size_t i = 0; i < ARRAY_SIZE(hidden_in_proc) && status == 0; i++)
        status = hide(fs->proc, hidden_in_proc[i], covers, err);
    for (size_t i = 0; i < ARRAY_SIZE(hidden_in_sys) && status == 0; i++)
        status = hide(fs->sys, hidden_in_sys[i], covers, err);
    for (size_t i = 0; i < ARRAY_SIZE(read_only_in_proc) && status == 0; i++)
        status = protect(fs->proc, read_only_in_proc[i], err);
    return status == 0 ? hide_throttling(fs->sys, covers, err) : -1;
}

/*
 * Where to look for a path of the spec: below what is mounted on /proc and /sys by descriptor,
 * because the names may be changed meanwhile by whoever shares the root, and what were not found
 * under its name would not be covered. A path with ".." may lead out of there.
 */
static int find_base(const struct rootfs *fs, const char **path)
{
    const struct {
        const char *prefix;
        int fd;
    } bases[] = { { "/proc/", fs->proc }, { "/sys/", fs->sys } };

    for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
        if (bases[i].fd >= 0 && text_starts_with(*path, bases[i].prefix) && !strstr(*path, "/..")) {
            *path += strlen(bases[i].prefix);
            return bases[i].fd;
        }
    }
    return fs->root;
}

static int apply_given(const struct container_spec *spec, const struct rootfs *fs,
                       struct covers *covers, struct error *err)
{
    const struct strings *masked = spec->masked_paths;
    const struct strings *read_only = spec->read_only_paths;
    int status = 0;

    for (size_t i = 0; masked && i < masked->count && status == 0; i++) {
        const char *path = masked->items[i];
        int base = find_base(fs, &path);

        status = hide(base, path, covers, err);
    }
    for (size_t i = 0; read_only && i < read_only->count && status == 0; i++) {
        const char *path = read_only->items[i];
        int base = find_base(fs, &path);

        status = protect(base, path, err);
    }
    return status;
}

int mask_apply(const struct container_spec *spec, const struct rootfs *fs, struct error *err)
{
    struct covers covers = { .empty = -1, .null = -1, .rootfd = fs->root };
    bool given = spec->masked_paths || spec->read_only_paths;
    int status = apply_given(spec, fs, &covers, err);

    if (status == 0 && !given && !spec->program.privileged && !spec->program.bare)
        status = apply_defaults(fs, &covers, err);
    cleanup_close(&covers.empty);
    cleanup_close(&covers.null);
    return status;
}
