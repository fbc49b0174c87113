/* SPDX-License-Identifier: MIT */

/*
 * Mounts as descriptors
 */

#include "runtime/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/error.h"

/* The kernel says in the log of the file system's descriptor what it did not like. */
static int fail(int fsfd, int number, const char *type, const char *what, struct error *err)
{
    char message[256];
    ssize_t length = read(fsfd, message, sizeof(message) - 1);

    if (length <= 0)
        return error_set_errno(err, number, "mount %s: %s", type, what);
    message[length] = '\0';
    message[strcspn(message, "\n")] = '\0';
    return error_set_errno(err, number, "mount %s: %s: %s", type, what, message);
}

static int set_options(int fsfd, const char *type, const struct mount_option *options,
                       struct error *err)
{
    for (const struct mount_option *o = options; o && o->key; o++) {
        unsigned command = o->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

        if (fsconfig(fsfd, command, o->key, o->value, 0) < 0)
            return fail(fsfd, errno, type, o->key, err);
    }
    return 0;
}

int mount_reconfigure(int fd, const struct mount_option *options, struct error *err)
{
    AUTO_CLOSE int fsfd = -1;

    if (!options->key)
        return 0;
    fsfd = fspick(fd, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC);
    if (fsfd < 0)
        return error_set_errno(err, errno, "remount");
    if (set_options(fsfd, "anew", options, err) < 0)
        return -1;
    if (fsconfig(fsfd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
        return fail(fsfd, errno, "anew", "reconfigure", err);
    return 0;
}

int mount_new(const char *type, const struct mount_option *options, uint64_t attributes, int *out,
              struct error *err)
{
    AUTO_CLOSE int fsfd = fsopen(type, FSOPEN_CLOEXEC);
    int fd = -1;

    if (fsfd < 0)
        return error_set_errno(err, errno, "mount %s: fsopen", type);
    if (set_options(fsfd, type, options, err) < 0)
        return -1;
    if (fsconfig(fsfd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return fail(fsfd, errno, type, "create", err);
    fd = fsmount(fsfd, FSMOUNT_CLOEXEC, (unsigned)attributes);
    if (fd < 0)
        return fail(fsfd, errno, type, "fsmount", err);
    *out = fd;
    return 0;
}

int mount_clone(int dirfd, const char *path, bool recursive, int *out, struct error *err)
{
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
    int fd = open_tree(dirfd, path, flags | (recursive ? AT_RECURSIVE : 0U));

    if (fd < 0)
        return error_set_errno(err, errno, "bind '%s'", path);
    *out = fd;
    return 0;
}

int mount_change(int fd, bool recursive, uint64_t set, struct error *err)
{
    const struct mount_attr attributes = { .attr_set = set };

    return mount_alter(fd, recursive, &attributes, err);
}

int mount_alter(int fd, bool recursive, const struct mount_attr *attributes, struct error *err)
{
    struct mount_attr copy = *attributes;
    unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U);

    if (!copy.attr_set && !copy.attr_clr && !copy.propagation)
        return 0;
    if (mount_setattr(fd, "", flags, &copy, sizeof(copy)) < 0)
        return error_set_errno(err, errno, "change the attributes of a mount");
    return 0;
}

int mount_propagate(int fd, uint64_t propagation, struct error *err)
{
    const struct mount_attr attributes = { .propagation = propagation & ~(uint64_t)MS_REC };

    return mount_alter(fd, (propagation & MS_REC) != 0, &attributes, err);
}

int mount_attach(int fd, int target, struct error *err)
{
    if (move_mount(fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
        return error_set_errno(err, errno, "attach a mount");
    return 0;
}
