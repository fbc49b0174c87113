/* SPDX-License-Identifier: MIT */

/*
 * The mounts of a spec
 *
 * What a container's own user namespace may not reach, and what shifts ids, is made by the
 * maker and inherited or handed over; everything is attached here, by descriptor.
 */

#include "runtime/mounting.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/cgroup_mount.h"
#include "runtime/confined.h"
#include "runtime/copy_up.h"
#include "runtime/idmap.h"
#include "runtime/mount.h"
#include "runtime/part_mount.h"
#include "runtime/rootfs.h"
#include "runtime/spec.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

#define OPTIONS_MAX 64

static int make_bind(const struct container_mount *mount, int *out, struct error *err)
{
    AUTO_CLOSE int fd = -1;

    if (mount_clone(AT_FDCWD, mount->source, !mount->shallow, &fd, err) < 0)
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

/* Take the options of `data` apart, in place. */
static int split_data(char *data, struct mount_option *options, struct error *err)
{
    size_t count = 0;
    char *rest = data;

    for (char *word = strsep(&rest, ","); word; word = strsep(&rest, ",")) {
        char *value = strchr(word, '=');

        if (!*word)
            continue;
        if (count == OPTIONS_MAX)
            return error_set(err, ERROR_INVALID, "more than %d options for a file system",
                             OPTIONS_MAX);
        if (value)
            *value++ = '\0';
        options[count++] = (struct mount_option){ word, value };
    }
    options[count] = (struct mount_option){ NULL, NULL };
    return 0;
}

static int make_type(const struct container_mount *mount, int *out, struct error *err)
{
    AUTO_FREE char *data = alloc_text(mount->data ? mount->data : "");
    struct mount_option options[OPTIONS_MAX + 2] = { { "source", mount->source } };

    if (split_data(data, &options[mount->source ? 1 : 0], err) < 0)
        return -1;
    return mount_new(mount->type, options, 0, out, err);
}

static int (*const makers[])(const struct container_mount *, int *, struct error *) = {
    [CONTAINER_MOUNT_BIND] = make_bind,       [CONTAINER_MOUNT_TMPFS] = make_tmpfs,
    [CONTAINER_MOUNT_TYPE] = make_type,       [CONTAINER_MOUNT_LAYERS] = part_mount_layers,
    [CONTAINER_MOUNT_FILE] = part_mount_file,
};

static int set_attributes(const struct container_mount *mount, int fd, struct error *err)
{
    const struct mount_attr own = { mount->own.set, mount->own.clear, 0, 0 };
    const struct mount_attr all = { mount->all.set, mount->all.clear, 0, 0 };

    if (mount_alter(fd, false, &own, err) < 0)
        return -1;
    return mount_alter(fd, true, &all, err);
}

/* Where a mount on /proc or /sys is kept; NULL: the mount is another one. */
static int *find_place(const struct container_mount *mount, struct rootfs *fs)
{
    size_t length = strlen(mount->target);

    while (length > 1 && mount->target[length - 1] == '/')
        length--;
    if (length == strlen("/proc") && text_starts_with(mount->target, "/proc"))
        return &fs->proc;
    if (length == strlen("/sys") && text_starts_with(mount->target, "/sys"))
        return &fs->sys;
    return NULL;
}

/* The folder or file that the mount `fd` is to cover; that of the kernel's files is no link. */
static int make_target(struct rootfs *fs, const struct container_mount *mount, int fd, int *out,
                       struct error *err)
{
    const char *path = mount->target;
    struct stat status;

    if (find_place(mount, fs)) {
        *out = confined_open_plain(fs->root, path);
        if (*out >= 0)
            return 0;
        if (errno == ELOOP)
            return error_set(err, ERROR_INVALID, "'%s' of the image must be a folder, not a link",
                             path);
    }
    if (fstat(fd, &status) < 0)
        return error_set_errno(err, errno, "look at the mount's source");
    if (S_ISDIR(status.st_mode))
        return confined_make_folder(fs->root, path, 0755, out, err);
    return confined_make_file(fs->root, path, out, err);
}

static int add_cgroup(int rootfd, const struct container_mount *mount, const struct cgroup *cgroup,
                      struct error *err)
{
    bool writable = (mount->own.set & MOUNT_ATTR_RDONLY) == 0;
    AUTO_CLOSE int target = -1;

    if (confined_make_folder(rootfd, mount->target, 0755, &target, err) < 0)
        return -1;
    return cgroup_mount_attach(cgroup, target, writable, err);
}

/*
 * Keep what is mounted on /proc and /sys: another container may change what these names lead to
 * while this one is built, and what is hidden and protected in there must not depend on them.
 */
static int remember(const struct container_mount *mount, int source, struct rootfs *fs,
                    struct error *err)
{
    int *place = find_place(mount, fs);

    if (!place)
        return 0;
    cleanup_close(place);
    *place = fcntl(source, F_DUPFD_CLOEXEC, 3);
    return *place < 0 ? error_set_errno(err, errno, "duplicate a descriptor") : 0;
}

static int add_one(struct rootfs *fs, const struct container_mount *mount, int source,
                   struct error *err)
{
    AUTO_CLOSE int made = -1;
    AUTO_CLOSE int target = -1;

    if (source < 0 && makers[mount->kind](mount, &made, err) < 0)
        return -1;
    source = source < 0 ? made : source;
    if (make_target(fs, mount, source, &target, err) < 0)
        return -1;
    if (mount->copy_up && copy_up_folder(fs->root, mount->target, source, err) < 0)
        return -1;
    if (set_attributes(mount, source, err) < 0 || mount_attach(source, target, err) < 0 ||
        remember(mount, source, fs, err) < 0)
        return -1;
    return mount_propagate(source, mount->propagation, err);
}

/*
 * Remount: the attributes are of the mount, whatever else is mounted from its file system; only
 * what the file system itself understands goes there.
 */
static int change_one(struct rootfs *fs, const struct container_mount *mount, struct error *err)
{
    const int *place = find_place(mount, fs);
    AUTO_CLOSE int fd = place && *place >= 0 ? fcntl(*place, F_DUPFD_CLOEXEC, 3)
                                             : confined_open(fs->root, mount->target, O_PATH);
    AUTO_FREE char *data = alloc_text(mount->data ? mount->data : "");
    struct mount_option options[OPTIONS_MAX + 1];
    struct statx status;

    if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &status) < 0)
        return error_set_errno(err, errno, "remount");
    if (!(status.stx_attributes & STATX_ATTR_MOUNT_ROOT))
        return error_set(err, ERROR_INVALID, "remount: nothing is mounted there");
    if (split_data(data, options, err) < 0 || mount_reconfigure(fd, options, err) < 0 ||
        set_attributes(mount, fd, err) < 0)
        return -1;
    return mount_propagate(fd, mount->propagation, err);
}

/* The devices that every container has are made on it first. */
static bool is_closed_later(const struct container_spec *spec, const struct container_mount *mount)
{
    return spec->program.bare && mount->kind != CONTAINER_MOUNT_BIND &&
           (mount->own.set & MOUNT_ATTR_RDONLY) && text_equal(mount->target, "/dev");
}

int mounting_add(const struct container_spec *spec, const struct cgroup *cgroup, struct rootfs *fs,
                 const int *sources, struct error *err)
{
    for (size_t i = 0; i < spec->mount_count; i++) {
        struct container_mount mount = spec->mounts[i];
        int result = 0;

        if (is_closed_later(spec, &mount))
            mount.own.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
        if (mount.kind == CONTAINER_MOUNT_CGROUP)
            result = add_cgroup(fs->root, &mount, cgroup, err);
        else if (mount.kind == CONTAINER_MOUNT_CHANGE)
            result = change_one(fs, &mount, err);
        else
            result = add_one(fs, &mount, sources ? sources[i] : -1, err);
        if (result < 0)
            return error_wrap(err, "mount on '%s'", mount.target);
    }
    return 0;
}

int mounting_close(const struct container_spec *spec, int rootfd, struct error *err)
{
    for (size_t i = 0; i < spec->mount_count; i++) {
        AUTO_CLOSE int fd = -1;

        if (!is_closed_later(spec, &spec->mounts[i]))
            continue;
        fd = confined_open(rootfd, "/dev", O_PATH);
        if (fd < 0)
            return error_set_errno(err, errno, "open /dev of the container");
        return mount_change(fd, false, MOUNT_ATTR_RDONLY, err);
    }
    return 0;
}

/* Only the namespace is needed, so it may be gone when the mount is made. */
static int shift(const struct container_mount *mount, int userns, int fd, struct error *err)
{
    AUTO_CLOSE int own = -1;
    struct mount_attr attributes = { .attr_set = MOUNT_ATTR_IDMAP };

    if (mount->maps.user_count > 0 || mount->maps.group_count > 0) {
        if (idmap_open(&mount->maps, &own, err) < 0)
            return -1;
        userns = own;
    }
    if (userns < 0)
        return error_set(err, ERROR_INVALID,
                         "a mount with shifted ids needs maps, or a user namespace");
    attributes.userns_fd = (unsigned)userns;
    if (mount_alter(fd, mount->idmap_below, &attributes, err) < 0)
        return error_wrap(err, "shift ids");
    return 0;
}

static int prepare_one(const struct container_mount *mount, int userns, int *out, struct error *err)
{
    AUTO_CLOSE int fd = -1;

    if (make_bind(mount, &fd, err) < 0 || (mount->idmap && shift(mount, userns, fd, err) < 0))
        return error_wrap(err, "mount on '%s'", mount->target);
    *out = STEAL_FD(fd);
    return 0;
}

int mounting_prepare(const struct container_spec *spec, int userns, int *sources, struct error *err)
{
    for (size_t i = 0; i < spec->mount_count; i++) {
        const struct container_mount *mount = &spec->mounts[i];

        sources[i] = -1;
        if (mount->kind == CONTAINER_MOUNT_BIND && (userns >= 0 || mount->idmap) &&
            prepare_one(mount, userns, &sources[i], err) < 0)
            return -1;
    }
    return 0;
}
