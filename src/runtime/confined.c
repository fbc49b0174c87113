/* SPDX-License-Identifier: MIT */

/*
 * Paths below a root that is not trusted
 */

#include "runtime/confined.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

#define DEPTH_MAX 128

static int open_resolved(int rootfd, const char *path, int flags, uint64_t resolve)
{
    return file_open_resolved(rootfd, path, flags,
                              RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve);
}

int confined_open(int rootfd, const char *path, int flags)
{
    return open_resolved(rootfd, path, flags, 0);
}

int confined_open_plain(int rootfd, const char *path)
{
    return open_resolved(rootfd, path, O_PATH, RESOLVE_NO_SYMLINKS);
}

/* Cut the last component off `path`, which has no "/" at its end; the part that is left. */
static char *parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return alloc_text_part(path, slash ? (size_t)(slash - path) : 0);
}

static char *without_trailing_slashes(const char *path)
{
    size_t length = strlen(path);

    while (length > 0 && path[length - 1] == '/')
        length--;
    return alloc_text_part(path, length);
}

/*
 * The path that the link `name` in the folder `parent`, open as `parent_fd`, leads to; NULL: it is
 * no link. Like every path here it means one below the root, however many ".." it has.
 */
static char *follow(const char *parent, int parent_fd, const char *name)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(parent_fd, name, target, sizeof(target) - 1);

    if (length <= 0)
        return NULL;
    target[length] = '\0';
    return target[0] == '/' ? alloc_text(target) : alloc_format("%s/%s", parent, target);
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/*
 * Open the folder `path`, making what is missing from the top down. A link that leads nowhere
 * is no obstacle: what it names is made.
 */
static int make_folder(int rootfd, const char *path, mode_t mode, int depth)
{
    AUTO_FREE char *parent = NULL;
    AUTO_FREE char *linked = NULL;
    AUTO_CLOSE int parent_fd = -1;
    const char *name = name_of(path);
    int fd = confined_open(rootfd, *path ? path : ".", O_PATH | O_DIRECTORY);

    if (fd >= 0 || errno != ENOENT || !*path)
        return fd;
    if (depth > DEPTH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    parent = parent_of(path);
    parent_fd = make_folder(rootfd, parent, mode, depth + 1);
    if (parent_fd < 0)
        return -1;
    if (*name && mkdirat(parent_fd, name, mode) < 0) {
        if (errno != EEXIST)
            return -1;
        linked = follow(parent, parent_fd, name);
        if (linked)
            return make_folder(rootfd, linked, mode, depth + 1);
    }
    return confined_open(rootfd, path, O_PATH | O_DIRECTORY);
}

int confined_make_folder(int rootfd, const char *path, mode_t mode, int *out, struct error *err)
{
    AUTO_FREE char *plain = without_trailing_slashes(path);
    int fd = make_folder(rootfd, plain, mode, 0);

    if (fd < 0)
        return error_set_errno(err, errno, "make folder '%s' in the container", path);
    *out = fd;
    return 0;
}

/* As make_folder(), for a file. */
static int make_file(int rootfd, const char *path, int depth)
{
    AUTO_FREE char *parent = parent_of(path);
    AUTO_FREE char *linked = NULL;
    AUTO_CLOSE int parent_fd = -1;
    AUTO_CLOSE int made = -1;
    int fd = confined_open(rootfd, path, O_PATH);

    if (fd >= 0 || errno != ENOENT)
        return fd;
    if (depth > DEPTH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    parent_fd = make_folder(rootfd, parent, 0755, depth + 1);
    if (parent_fd < 0)
        return -1;
    made = openat(parent_fd, name_of(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                  0644);
    if (made < 0 && errno != EEXIST)
        return -1;
    linked = made < 0 ? follow(parent, parent_fd, name_of(path)) : NULL;
    return linked ? make_file(rootfd, linked, depth + 1) : confined_open(rootfd, path, O_PATH);
}

int confined_make_file(int rootfd, const char *path, int *out, struct error *err)
{
    AUTO_FREE char *plain = without_trailing_slashes(path);
    int fd = make_file(rootfd, plain, 0);

    if (fd < 0)
        return error_set_errno(err, errno, "make file '%s' in the container", path);
    *out = fd;
    return 0;
}

int confined_read(int rootfd, const char *path, size_t limit, struct text *out, struct error *err)
{
    AUTO_CLOSE int fd = confined_open(rootfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0)
        return error_set_errno(err, errno, "open '%s' of the container", path);
    if (!S_ISREG(status.st_mode))
        return error_set(err, ERROR_INVALID, "'%s' of the container is no regular file", path);
    if (file_read_fd(fd, limit, out, err) < 0)
        return error_wrap(err, "'%s' of the container", path);
    return 0;
}
