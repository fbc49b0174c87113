/* SPDX-License-Identifier: MIT */

/*
 * Names that belong to a folder for as long as that exists
 */

#include "util/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

int lease_open(const char *folder, int *out, struct error *err)
{
    AUTO_CLOSE int fd = -1;

    if (file_make_folders(folder, 0700, err) < 0)
        return -1;
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, errno, "open folder '%s'", folder);
    if (flock(fd, LOCK_EX) < 0)
        return error_set_errno(err, errno, "lock folder '%s'", folder);
    *out = STEAL_FD(fd);
    return 0;
}

bool lease_is_held(int folder, const char *name)
{
    if (faccessat(folder, name, F_OK, 0) == 0 || errno != ENOENT)
        return true;
    unlinkat(folder, name, 0);
    return false;
}

bool lease_is_of(int folder, const char *name, const char *owner)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(folder, name, target, sizeof(target));

    return length == (ssize_t)strlen(owner) && memcmp(target, owner, (size_t)length) == 0;
}

int lease_take(int folder, const char *name, const char *owner, struct error *err)
{
    if (lease_is_of(folder, name, owner))
        return 0;
    if (lease_is_held(folder, name))
        return error_set(err, ERROR_EXISTS, "'%s' is taken", name);
    if (symlinkat(owner, folder, name) < 0)
        return error_set_errno(err, errno, "record who has '%s'", name);
    return 0;
}

void lease_release(int folder, const char *name, const char *owner)
{
    if (lease_is_of(folder, name, owner))
        unlinkat(folder, name, 0);
}
