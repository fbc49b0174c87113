/* SPDX-License-Identifier: MIT */

/*
 * What a container sees of its cgroups
 */

#include "runtime/cgroup_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "runtime/cgroup.h"
#include "runtime/mount.h"
#include "util/cleanup.h"
#include "util/error.h"

#define CLOSED (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* Show the container its own part of one hierarchy. */
static int bind_cgroup(const struct cgroup *cgroup, size_t index, int target, bool writable,
                       struct error *err)
{
    AUTO_CLOSE int fd = -1;
    char path[sizeof(cgroup->path) + sizeof(cgroup->layout->hierarchies[0].path)];

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

        if (cgroup->dirfd[i] < 0)
            continue;
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

int cgroup_mount_attach(const struct cgroup *cgroup, int target, bool writable, struct error *err)
{
    if (cgroup->layout->count == 1 && cgroup->layout->unified == 0)
        return bind_cgroup(cgroup, 0, target, writable, err);
    return bind_cgroups_v1(cgroup, target, writable, err);
}
