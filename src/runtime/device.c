/* SPDX-License-Identifier: MIT */

/*
 * The devices of a container
 *
 * They are made as new nodes on a tmpfs of its own, so that nothing of the image's /dev is
 * used. Where a user namespace gives no right to make nodes the host's are mounted instead. The
 * cgroup's rules give no such right either, which is why a process joins them after this work.
 */

#include "runtime/device.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "runtime/confined.h"
#include "runtime/mount.h"
#include "runtime/spec.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

#define DEFAULT_SHM_BYTES (UINT64_C(64) << 20)

static const struct container_device defaults[] = {
    { .path = "null", .type = 'c', .major = 1, .minor = 3, .mode = 0666 },
    { .path = "zero", .type = 'c', .major = 1, .minor = 5, .mode = 0666 },
    { .path = "full", .type = 'c', .major = 1, .minor = 7, .mode = 0666 },
    { .path = "random", .type = 'c', .major = 1, .minor = 8, .mode = 0666 },
    { .path = "urandom", .type = 'c', .major = 1, .minor = 9, .mode = 0666 },
    { .path = "tty", .type = 'c', .major = 5, .minor = 0, .mode = 0666 },
    { .type = 'c', .major = 5, .minor = 1 },                  /* console */
    { .type = 'c', .major = 5, .minor = 2 },                  /* ptmx */
    { .type = 'c', .major = 136, .minor = DEVICE_ANY_MINOR }, /* terminals */
};

static const struct {
    const char *name, *target;
} links[] = {
    { "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
    { "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
    { "ptmx", "pts/ptmx" },
};

const struct container_device *device_defaults(size_t *count_out)
{
    *count_out = ARRAY_SIZE(defaults);
    return defaults;
}

static mode_t format_of(char type)
{
    return type == 'b' ? S_IFBLK : type == 'p' ? S_IFIFO : S_IFCHR;
}

static bool is_same(const struct stat *status, const struct container_device *device)
{
    return (status->st_mode & S_IFMT) == format_of(device->type) &&
           (device->type == 'p' || status->st_rdev == makedev(device->major, device->minor));
}

static char *host_path(const struct container_device *device)
{
    const char *path = device->path;

    if (device->source)
        return alloc_text(device->source);
    return alloc_format("/dev/%s", text_starts_with(path, "/dev/") ? path + 5 : path);
}

/* The host's node, if it is the same device, over an empty file. */
static int bind_node(int dirfd, const char *name, const struct container_device *device,
                     struct error *err)
{
    AUTO_FREE char *path = host_path(device);
    AUTO_CLOSE int copy = -1;
    AUTO_CLOSE int made = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    AUTO_CLOSE int target = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;

    if (made < 0 || target < 0)
        return error_set_errno(err, errno, "make a place for device '%s'", name);
    if (mount_clone(AT_FDCWD, path, false, &copy, err) < 0)
        return -1;
    if (fstat(copy, &status) < 0 || !is_same(&status, device))
        return error_set(err, ERROR_UNSUPPORTED,
                         "device '%s' is another one on the host, and a user namespace gives no "
                         "right to make it",
                         path);
    return mount_attach(copy, target, err);
}

static int make_node(int dirfd, const char *name, const struct container_device *device,
                     struct error *err)
{
    struct stat status;

    if (mknodat(dirfd, name, format_of(device->type) | device->mode,
                makedev(device->major, device->minor)) == 0)
        return 0;
    if (errno == EEXIST && fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        if (is_same(&status, device))
            return 0;
        return error_set(err, ERROR_EXISTS, "something else is where device '%s' shall be", name);
    }
    if (errno == EPERM)
        return bind_node(dirfd, name, device, err);
    return error_set_errno(err, errno, "make device '%s'", name);
}

static int make_defaults(int devfd, bool console, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
        if (defaults[i].path && make_node(devfd, defaults[i].path, &defaults[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
        if (symlinkat(links[i].target, devfd, links[i].name) < 0 && errno != EEXIST)
            return error_set_errno(err, errno, "make /dev/%s", links[i].name);
    }
    if (console && mknodat(devfd, "console", S_IFREG | 0600, 0) < 0 && errno != EEXIST)
        return error_set_errno(err, errno, "make /dev/console");
    return 0;
}

static int mount_below(int devfd, const char *name, const char *type,
                       const struct mount_option *options, uint64_t attributes, struct error *err)
{
    AUTO_CLOSE int fd = -1;
    AUTO_CLOSE int target = -1;

    if (mkdirat(devfd, name, 0755) < 0)
        return error_set_errno(err, errno, "make /dev/%s", name);
    target = openat(devfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (target < 0)
        return error_set_errno(err, errno, "open /dev/%s", name);
    if (mount_new(type, options, attributes, &fd, err) < 0)
        return -1;
    return mount_attach(fd, target, err);
}

static int make_mounts(int devfd, uint64_t shm_bytes, struct error *err)
{
    static const struct mount_option pts[] = {
        { "newinstance", NULL }, { "ptmxmode", "0666" }, { "mode", "0620" },
        { "gid", "5" },          { NULL, NULL },
    };
    char size[32];
    const struct mount_option shm[] = { { "mode", "1777" }, { "size", size }, { NULL, NULL } };
    const uint64_t closed = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV;

    snprintf(size, sizeof(size), "%" PRIu64, shm_bytes ? shm_bytes : DEFAULT_SHM_BYTES);
    if (mount_below(devfd, "pts", "devpts", pts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err) < 0 ||
        mount_below(devfd, "shm", "tmpfs", shm, closed, err) < 0)
        return -1;
    return mount_below(devfd, "mqueue", "mqueue", NULL, closed, err);
}

int device_make_folder(const struct container_spec *spec, int rootfd, int *devfd_out,
                       struct error *err)
{
    static const struct mount_option options[] = { { "mode", "755" },
                                                   { "size", "65536k" },
                                                   { NULL, NULL } };
    const uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_STRICTATIME;
    AUTO_CLOSE int devfd = -1;
    AUTO_CLOSE int target = -1;

    if (mkdirat(rootfd, "dev", 0755) < 0 && errno != EEXIST)
        return error_set_errno(err, errno, "make /dev");
    target = confined_open_plain(rootfd, "dev");
    if (target < 0)
        return error_set_errno(err, errno, "/dev of the image must be a folder");
    if (mount_new("tmpfs", options, attributes, &devfd, err) < 0 ||
        mount_attach(devfd, target, err) < 0 ||
        make_defaults(devfd, spec->program.terminal, err) < 0 ||
        make_mounts(devfd, spec->shm_bytes, err) < 0)
        return -1;
    *devfd_out = STEAL_FD(devfd);
    return 0;
}

int device_complete(const struct container_spec *spec, int rootfd, struct error *err)
{
    AUTO_CLOSE int devfd = -1;

    for (size_t i = 0; i < spec->mount_count; i++) {
        if (spec->mounts[i].kind == CONTAINER_MOUNT_BIND &&
            text_equal(spec->mounts[i].target, "/dev"))
            return 0;
    }
    if (confined_make_folder(rootfd, "dev", 0755, &devfd, err) < 0)
        return -1;
    return make_defaults(devfd, spec->program.terminal, err);
}

static int make_listed(int rootfd, const struct container_device *device, struct error *err)
{
    const char *name = strrchr(device->path, '/');
    AUTO_FREE char *folder =
        alloc_text_part(device->path, name ? (size_t)(name - device->path) : 0);
    AUTO_CLOSE int dirfd = -1;

    name = name ? name + 1 : device->path;
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return error_set(err, ERROR_INVALID, "device '%s' has no name", device->path);
    if (confined_make_folder(rootfd, folder, 0755, &dirfd, err) < 0 ||
        make_node(dirfd, name, device, err) < 0)
        return -1;
    if (fchownat(dirfd, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0 ||
        fchmodat(dirfd, name, device->mode & 07777, 0) < 0) {
        if (errno != EPERM && errno != EINVAL) /* the host's node: not the container's to change */
            return error_set_errno(err, errno, "set the owner of device '%s'", device->path);
    }
    return 0;
}

int device_make_listed(const struct container_spec *spec, int rootfd, struct error *err)
{
    for (size_t i = 0; i < spec->device_count; i++) {
        if (make_listed(rootfd, &spec->devices[i], err) < 0)
            return error_wrap(err, "device '%s'", spec->devices[i].path);
    }
    return 0;
}
