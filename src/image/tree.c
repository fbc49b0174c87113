/* SPDX-License-Identifier: MIT */

/*
 * Writing into a folder that nobody may lead out of
 */

#include "image/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

int tree_clean_path(const char *path, char **out, struct error *err)
{
    AUTO_TEXT struct text clean = { 0 };
    unsigned depth = 0;

    if (*path == '/')
        return error_set(err, ERROR_INVALID, "'%s' is an absolute path", path);
    while (*path) {
        size_t length = strcspn(path, "/");

        if (length == 2 && strncmp(path, "..", 2) == 0)
            return error_set(err, ERROR_INVALID, "a path leads out with '..'");
        if (length > NAME_MAX || clean.length + length + 1 > TREE_PATH_MAX)
            return error_set(err, ERROR_INVALID, "a path is too long: '%.60s...'", path);
        if (length > 0 && !(length == 1 && *path == '.')) {
            if (++depth > TREE_DEPTH_MAX)
                return error_set(err, ERROR_INVALID, "folders are nested deeper than %u",
                                 TREE_DEPTH_MAX);
            if (clean.length > 0)
                text_add_char(&clean, '/');
            text_add_bytes(&clean, path, length);
        }
        path += length + (path[length] == '/');
    }
    *out = text_steal(&clean);
    return 0;
}

static int open_beneath(int root, const char *path, int flags, uint64_t resolve)
{
    return file_open_resolved(root, *path ? path : ".", flags,
                              RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV | resolve);
}

int tree_open_folder(int root, const char *path, struct error *err)
{
    int fd = open_beneath(root, path, O_RDONLY | O_DIRECTORY, 0);

    if (fd < 0)
        return error_set_errno(err, errno, "open folder '%s'", path);
    return fd;
}

static int make_folder(int parent, const char *name, mode_t mode)
{
    return mkdirat(parent, name, mode) < 0 && errno != EEXIST ? -1 : 0;
}

int tree_make_folders(int root, const char *path, struct error *err)
{
    AUTO_FREE char *prefix = alloc_text(path);
    AUTO_CLOSE int parent = open_beneath(root, "", O_RDONLY | O_DIRECTORY, 0);

    if (parent < 0)
        return error_set_errno(err, errno, "open the tree");
    for (char *part = prefix; *part;) {
        size_t length = strcspn(part, "/");
        char after = part[length];
        int next = -1;

        part[length] = '\0';
        if (make_folder(parent, part, 0755) < 0)
            return error_set_errno(err, errno, "make folder '%s'", prefix);
        next = open_beneath(root, prefix, O_RDONLY | O_DIRECTORY, 0);
        if (next < 0)
            return error_set_errno(err, errno, "open folder '%s'", prefix);
        close(parent);
        parent = next;
        part[length] = after;
        part += length + (after == '/');
    }
    return 0;
}

static unsigned count_slashes(const char *path)
{
    unsigned count = 0;

    for (; *path; path++)
        count += *path == '/';
    return count;
}

/* Where the kernel says that `fd` is; `path` holds PATH_MAX bytes. */
static int read_place(int fd, char *path)
{
    char name[64];
    ssize_t length = 0;

    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    length = readlink(name, path, PATH_MAX - 1);
    path[MAX(length, 0)] = '\0';
    return length < 0 ? -1 : 0;
}

/* A chain of links can lead deeper than any path is long. */
static int check_depth(int root, int fd, struct error *err)
{
    char above[PATH_MAX];
    char path[PATH_MAX];

    if (read_place(root, above) < 0)
        return error_set_errno(err, errno, "find out where the tree is");
    if ((read_place(fd, path) < 0 && errno == ENAMETOOLONG) ||
        count_slashes(path) > count_slashes(above) + TREE_DEPTH_MAX)
        return error_set(err, ERROR_INVALID, "links lead deeper than %u folders", TREE_DEPTH_MAX);
    return 0;
}

/* Without links on the way the depth is that of the path, which is limited. */
static int open_parent(int root, const char *parent, bool *linked_out, struct error *err)
{
    AUTO_CLOSE int fd = open_beneath(root, parent, O_RDONLY | O_DIRECTORY, RESOLVE_NO_SYMLINKS);

    *linked_out = fd < 0 && errno == ELOOP;
    if (fd >= 0)
        return STEAL_FD(fd);
    if (*linked_out)
        fd = open_beneath(root, parent, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return error_set_errno(err, errno, "open folder '%s'", parent);
    return check_depth(root, fd, err) < 0 ? -1 : STEAL_FD(fd);
}

int tree_open_parent(int root, const char *path, const char **name_out, bool *linked_out,
                     struct error *err)
{
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *parent = alloc_text_part(path, slash ? (size_t)(slash - path) : 0);
    int fd = open_parent(root, parent, linked_out, err);

    *name_out = slash ? slash + 1 : path;
    if (fd >= 0 || err->code != ERROR_NOT_FOUND)
        return fd;
    error_clear(err);
    if (tree_make_folders(root, parent, err) < 0)
        return -1;
    return open_parent(root, parent, linked_out, err);
}

static int clear_place(int parent, const char *name, const struct tree_entry *entry,
                       struct error *err)
{
    struct stat status;

    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : error_set_errno(err, errno, "look at '%s'", entry->path);
    if (S_ISDIR(status.st_mode) && S_ISDIR(entry->mode))
        return 0;
    return file_remove_tree(parent, name, err);
}

static int set_time(int parent, const char *name, int64_t mtime)
{
    const struct timespec times[2] = { { .tv_sec = mtime }, { .tv_sec = mtime } };

    return mtime < 0 ? 0 : utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW);
}

/* Modes come after owners, because a change of owner drops the set-id bits. */
static int set_attributes(int parent, const char *name, const struct tree_entry *entry,
                          struct error *err)
{
    if (fchownat(parent, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return error_set_errno(err, errno, "set the owner of '%s'", entry->path);
    if (!S_ISLNK(entry->mode) && fchmodat(parent, name, entry->mode & 07777, 0) < 0)
        return error_set_errno(err, errno, "set the mode of '%s'", entry->path);
    if (set_time(parent, name, entry->mtime) < 0)
        return error_set_errno(err, errno, "set the time of '%s'", entry->path);
    return 0;
}

bool tree_is_default_device(mode_t mode, dev_t device)
{
    static const unsigned char allowed[][2] = {
        { 1, 3 }, { 1, 5 }, { 1, 7 }, { 1, 8 }, { 1, 9 }, { 5, 0 }, { 5, 1 }, { 5, 2 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
        if (S_ISCHR(mode) && major(device) == allowed[i][0] && minor(device) == allowed[i][1])
            return true;
    }
    return false;
}

static int make_entry(int parent, const char *name, const struct tree_entry *entry,
                      struct error *err)
{
    int status = -1;

    if (S_ISDIR(entry->mode))
        status = make_folder(parent, name, 0700);
    else if (S_ISLNK(entry->mode))
        status = symlinkat(entry->link, parent, name);
    else if (S_ISFIFO(entry->mode))
        status = mkfifoat(parent, name, 0600);
    else if (tree_is_default_device(entry->mode, entry->device))
        status = mknodat(parent, name, S_IFCHR | 0600, entry->device);
    else
        return error_set(err, ERROR_DENIED,
                         "'%s' is a device or socket, which an image may not hold: leave it out",
                         entry->path);
    if (status < 0)
        return error_set_errno(err, errno, "make '%s'", entry->path);
    return set_attributes(parent, name, entry, err);
}

static int make_file(int parent, const char *name)
{
    return openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

int tree_put_at(int parent, const char *name, const struct tree_entry *entry, int *fd_out,
                struct error *err)
{
    /* Mostly nothing is in the way. */
    *fd_out = S_ISREG(entry->mode) ? make_file(parent, name) : -1;
    if (*fd_out >= 0)
        return 0;
    if (clear_place(parent, name, entry, err) < 0)
        return -1;
    if (!S_ISREG(entry->mode))
        return make_entry(parent, name, entry, err);
    *fd_out = make_file(parent, name);
    if (*fd_out < 0)
        return error_set_errno(err, errno, "make '%s'", entry->path);
    return 0;
}

int tree_put(int root, const struct tree_entry *entry, int *fd_out, struct error *err)
{
    AUTO_CLOSE int parent = -1;
    const char *name = NULL;
    bool linked = false;

    *fd_out = -1;
    if (!*entry->path) {
        if (!S_ISDIR(entry->mode))
            return error_set(err, ERROR_INVALID, "the root is no folder");
        return set_attributes(root, ".", entry, err);
    }
    parent = tree_open_parent(root, entry->path, &name, &linked, err);
    return parent < 0 ? -1 : tree_put_at(parent, name, entry, fd_out, err);
}

int tree_finish_file(int fd, const struct tree_entry *entry, struct error *err)
{
    if (fchown(fd, entry->uid, entry->gid) < 0)
        return error_set_errno(err, errno, "set the owner of '%s'", entry->path);
    if (fchmod(fd, entry->mode & 07777) < 0)
        return error_set_errno(err, errno, "set the mode of '%s'", entry->path);
    return tree_finish_file_time(fd, entry, err);
}

int tree_finish_file_time(int fd, const struct tree_entry *entry, struct error *err)
{
    const struct timespec times[2] = { { .tv_sec = entry->mtime }, { .tv_sec = entry->mtime } };

    if (entry->mtime >= 0 && futimens(fd, times) < 0)
        return error_set_errno(err, errno, "set the time of '%s'", entry->path);
    return 0;
}

static bool is_same_folder(int one, int two)
{
    struct stat first;
    struct stat second;

    return fstat(one, &first) == 0 && fstat(two, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

int tree_put_link(int parent, const char *name, int root, const char *target, struct error *err)
{
    const struct tree_entry entry = { .path = name, .mode = S_IFREG };
    const char *slash = strrchr(target, '/');
    const char *target_name = slash ? slash + 1 : target;
    AUTO_FREE char *folder = alloc_text_part(target, slash ? (size_t)(slash - target) : 0);
    bool linked = false;
    AUTO_CLOSE int target_parent = open_parent(root, folder, &linked, err);
    struct stat status;

    error_clear(err);
    if (target_parent < 0 ||
        fstatat(target_parent, target_name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
        S_ISDIR(status.st_mode) || (S_ISCHR(status.st_mode) && status.st_rdev == 0))
        return error_set(err, ERROR_INVALID, "a link to '%s', which is no file before it", target);
    if (strcmp(name, target_name) == 0 && is_same_folder(parent, target_parent))
        return error_set(err, ERROR_INVALID, "a link to itself");
    if (clear_place(parent, name, &entry, err) < 0)
        return -1;
    if (linkat(target_parent, target_name, parent, name, 0) < 0)
        return error_set_errno(err, errno, "link '%s' to '%s'", name, target);
    return 0;
}

bool tree_find(int root, const char *path, struct stat *status_out)
{
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *parent = alloc_text_part(path, slash ? (size_t)(slash - path) : 0);
    AUTO_CLOSE int fd = open_beneath(root, parent, O_RDONLY | O_DIRECTORY, 0);
    const char *name = slash ? slash + 1 : path;

    return fd >= 0 && fstatat(fd, *name ? name : ".", status_out, AT_SYMLINK_NOFOLLOW) == 0;
}
