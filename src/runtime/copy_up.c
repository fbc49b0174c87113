/* SPDX-License-Identifier: MIT */

/*
 * What an image has in a folder that a fresh file system is to cover
 *
 * No process of the container runs yet, and no link is followed, so that names can be trusted to
 * stay what they are.
 */

#include "runtime/copy_up.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/confined.h"
#include "util/cleanup.h"
#include "util/error.h"

#define DEPTH_MAX 64

static int copy_entries(int from, int to, int depth, struct error *err);

static int copy_folder(int from, int to, const char *name, int depth, struct error *err)
{
    AUTO_CLOSE int below = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    AUTO_CLOSE int made = -1;

    if (depth == DEPTH_MAX)
        return error_set(err, ERROR_INVALID, "folders more than %d deep", DEPTH_MAX);
    if (below < 0 || mkdirat(to, name, 0700) < 0)
        return error_set_errno(err, errno, "copy folder '%s'", name);
    made = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (made < 0)
        return error_set_errno(err, errno, "open folder '%s'", name);
    return copy_entries(below, made, depth + 1, err);
}

static int copy_file(int from, int to, const char *name, struct error *err)
{
    AUTO_CLOSE int source = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    AUTO_CLOSE int copy = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    char bytes[65536];

    if (source < 0 || copy < 0)
        return error_set_errno(err, errno, "copy file '%s'", name);
    for (;;) {
        ssize_t got = read(source, bytes, sizeof(bytes));

        if (got == 0)
            return 0;
        if (got < 0 || write(copy, bytes, (size_t)got) != got)
            return error_set_errno(err, got < 0 ? errno : ENOSPC, "copy file '%s'", name);
    }
}

static int copy_link(int from, int to, const char *name, struct error *err)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(from, name, target, sizeof(target) - 1);

    if (length < 0)
        return error_set_errno(err, errno, "read link '%s'", name);
    target[length] = '\0';
    if (symlinkat(target, to, name) < 0)
        return error_set_errno(err, errno, "copy link '%s'", name);
    return 0;
}

static int copy_entry(int from, int to, const char *name, int depth, struct error *err)
{
    struct stat status;
    int result = 0;

    if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return error_set_errno(err, errno, "look at '%s'", name);
    if (S_ISDIR(status.st_mode))
        result = copy_folder(from, to, name, depth, err);
    else if (S_ISREG(status.st_mode))
        result = copy_file(from, to, name, err);
    else if (S_ISLNK(status.st_mode))
        result = copy_link(from, to, name, err);
    else
        return 0;
    if (result < 0)
        return -1;
    if (fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
        (!S_ISLNK(status.st_mode) && fchmodat(to, name, status.st_mode & 07777, 0) < 0))
        return error_set_errno(err, errno, "set the owner of '%s'", name);
    return 0;
}

static int copy_entries(int from, int to, int depth, struct error *err)
{
    int copy = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = copy < 0 ? NULL : fdopendir(copy);
    int result = 0;

    if (!folder)
        return error_set_errno(err, errno, "read a folder");
    for (const struct dirent *e = readdir(folder); e && result == 0; e = readdir(folder)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            result = copy_entry(from, to, e->d_name, depth, err);
    }
    closedir(folder);
    return result;
}

int copy_up_folder(int rootfd, const char *path, int to, struct error *err)
{
    AUTO_CLOSE int from = confined_open(rootfd, path, O_RDONLY | O_DIRECTORY);
    AUTO_CLOSE int folder = openat(to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat status;

    if (from < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (from < 0 || folder < 0 || fstat(from, &status) < 0)
        return error_set_errno(err, errno, "open '%s' of the image", path);
    if (copy_entries(from, folder, 0, err) < 0)
        return error_wrap(err, "copy what the image has there");
    if (fchown(folder, status.st_uid, status.st_gid) < 0 ||
        fchmod(folder, status.st_mode & 07777) < 0)
        return error_set_errno(err, errno, "set the owner of '%s'", path);
    return 0;
}
