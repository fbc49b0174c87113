/* SPDX-License-Identifier: MIT */

/*
 * Mounts that are a part of a file system made for them
 */

#include "runtime/part_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "runtime/confined.h"
#include "runtime/mount.h"
#include "runtime/overlay.h"
#include "runtime/spec.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

static int clone_part(int part, bool read_only, int *out, struct error *err)
{
    AUTO_CLOSE int fd = -1;

    if (mount_clone(part, "", false, &fd, err) < 0)
        return -1;
    if (read_only && mount_change(fd, false, MOUNT_ATTR_RDONLY, err) < 0)
        return -1;
    *out = STEAL_FD(fd);
    return 0;
}

int part_mount_layers(const struct container_mount *mount, int *out, struct error *err)
{
    const struct overlay overlay = { mount->part->lower, mount->part->upper, mount->part->work };
    const char *path = text_is_empty(mount->source) ? "." : mount->source;
    AUTO_CLOSE int root = -1;
    AUTO_CLOSE int part = -1;

    if (overlay_mount(&overlay, &root, err) < 0)
        return -1;
    part = confined_open(root, path, O_PATH);
    if (part < 0)
        return error_set_errno(err, errno, "open '%s' of the mount's source", path);
    return clone_part(part, mount->read_only, out, err);
}

static int write_file(const struct container_mount *mount, int folder, struct error *err)
{
    AUTO_CLOSE int fd = openat(folder, "file", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return error_set_errno(err, errno, "make a file in memory");
    if (file_write_all(fd, mount->part->bytes, (size_t)mount->size_bytes, err) < 0)
        return -1;
    if (fchown(fd, mount->part->uid, mount->part->gid) < 0 ||
        fchmod(fd, (mode_t)mount->mode & 07777) < 0)
        return error_set_errno(err, errno, "set the owner of a file in memory");
    return 0;
}

int part_mount_file(const struct container_mount *mount, int *out, struct error *err)
{
    AUTO_CLOSE int folder = -1;
    AUTO_CLOSE int place = open(mount->part->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSE int part = -1;

    if (place < 0)
        return error_set_errno(err, errno, "open folder '%s'", mount->part->upper);
    if (mount_new("ramfs", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, &folder,
                  err) < 0 ||
        write_file(mount, folder, err) < 0 || mount_attach(folder, place, err) < 0)
        return -1;
    part = openat(folder, "file", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (part < 0)
        return error_set_errno(err, errno, "open a file in memory");
    return clone_part(part, mount->read_only, out, err);
}
