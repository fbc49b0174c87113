/* SPDX-License-Identifier: MIT */

/*
 * Files: read whole, replaced whole
 */

#include "util/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/strings.h"

/* Who renames without end must not keep us for ever. */
#define RESOLVE_ATTEMPTS 1000

int file_open_resolved(int folder, const char *path, int flags, uint64_t resolve)
{
    struct open_how how = { .flags = (unsigned)(flags | O_CLOEXEC), .resolve = resolve };
    int fd = -1;

    for (int attempt = 0; attempt < RESOLVE_ATTEMPTS; attempt++) {
        fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
        if (fd >= 0 || errno != EAGAIN)
            break;
    }
    return fd;
}

ssize_t file_read_some(int fd, void *data, size_t size, struct error *err)
{
    ssize_t got = -1;

    do {
        got = read(fd, data, size);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? error_set_errno(err, errno, "read") : got;
}

int file_read_fd(int fd, size_t limit, struct text *out, struct error *err)
{
    size_t start = out->length;
    char chunk[16384];

    for (;;) {
        ssize_t got = file_read_some(fd, chunk, sizeof(chunk), err);

        if (got <= 0)
            return (int)got;
        if (out->length - start + (size_t)got > limit)
            return error_set(err, ERROR_INVALID, "longer than %zu bytes", limit);
        text_add_bytes(out, chunk, (size_t)got);
    }
}

int file_read(int dirfd, const char *path, size_t limit, struct text *out, struct error *err)
{
    AUTO_CLOSE int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return error_set_errno(err, errno, "open '%s'", path);
    if (file_read_fd(fd, limit, out, err) < 0)
        return error_wrap(err, "'%s'", path);
    return 0;
}

int file_write_all(int fd, const void *data, size_t length, struct error *err)
{
    const char *p = data;

    while (length > 0) {
        ssize_t put = write(fd, p, length);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return error_set_errno(err, errno, "write");
        p += put;
        length -= (size_t)put;
    }
    return 0;
}

static int sync_folder_of(int dirfd, const char *path, struct error *err)
{
    AUTO_FREE char *copy = alloc_text(path);
    AUTO_CLOSE int fd = openat(dirfd, dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0)
        return error_set_errno(err, errno, "sync the folder of '%s'", path);
    return 0;
}

static int write_temporary(int dirfd, const char *name, const void *data, size_t length,
                           mode_t mode, struct error *err)
{
    AUTO_CLOSE int fd =
        openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);

    if (fd < 0)
        return error_set_errno(err, errno, "create '%s'", name);
    if (file_write_all(fd, data, length, err) < 0)
        return error_wrap(err, "'%s'", name);
    return STEAL_FD(fd);
}

int file_replace(int dirfd, const char *path, const void *data, size_t length,
                 struct file_kind kind, struct error *err)
{
    AUTO_FREE char *temporary = alloc_format("%s.%d.tmp", path, (int)getpid());
    AUTO_CLOSE int fd = write_temporary(dirfd, temporary, data, length, kind.mode, err);

    if (fd < 0) {
        unlinkat(dirfd, temporary, 0);
        return -1;
    }
    if (kind.durable && fsync(fd) < 0)
        error_set_errno(err, errno, "sync '%s'", temporary);
    else if (renameat(dirfd, temporary, dirfd, path) < 0)
        error_set_errno(err, errno, "rename to '%s'", path);
    else if (kind.named)
        return sync_folder_of(dirfd, path, err);
    else
        return 0;
    unlinkat(dirfd, temporary, 0);
    return -1;
}

int file_write_control(int dirfd, const char *path, const char *text, struct error *err)
{
    AUTO_CLOSE int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return error_set_errno(err, errno, "open '%s'", path);
    if (write(fd, text, strlen(text)) < 0)
        return error_set_errno(err, errno, "write '%s' to '%s'", text, path);
    return 0;
}

int file_make_folders(const char *path, mode_t mode, struct error *err)
{
    AUTO_FREE char *copy = alloc_text(path);

    for (char *p = copy + 1; *copy && *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(copy, mode) < 0 && errno != EEXIST)
            return error_set_errno(err, errno, "make folder '%s'", copy);
        *p = '/';
    }
    if (mkdir(copy, mode) < 0 && errno != EEXIST)
        return error_set_errno(err, errno, "make folder '%s'", copy);
    return 0;
}

int file_list(int fd, struct strings *names, struct error *err)
{
    AUTO_CLOSE int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = copy < 0 ? NULL : fdopendir(copy);

    if (!folder)
        return error_set_errno(err, errno, "list a folder");
    (void)STEAL_FD(copy);
    for (const struct dirent *e = readdir(folder); e; e = readdir(folder)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            strings_add(names, e->d_name);
    }
    closedir(folder);
    return 0;
}

/*
 * A tree that is being removed. Whoever made it chose its depth: what lies deeper than
 * REMOVAL_DEPTH_MAX is moved up into the top folder, which is gone through again, so that
 * neither descriptors nor the stack run out.
 */
#define REMOVAL_DEPTH_MAX 48

struct removal {
    int top; /* -1: nothing below it is open yet */
    dev_t device;
    unsigned depth;
    uint64_t moved;
};

static int remove_content(struct removal *removal, int fd, struct error *err);

static int move_up(struct removal *removal, int dirfd, const char *name, struct error *err)
{
    char fresh[48];

    do {
        (void)snprintf(fresh, sizeof(fresh), ".removed.%llu", (unsigned long long)++removal->moved);
        if (renameat2(dirfd, name, removal->top, fresh, RENAME_NOREPLACE) == 0)
            return 0;
    } while (errno == EEXIST);
    return error_set_errno(err, errno, "move '%s' up to remove it", name);
}

static int remove_folder(struct removal *removal, int dirfd, const char *name, struct error *err)
{
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;

    if (fd < 0)
        return error_set_errno(err, errno, "open folder '%s'", name);
    if (fstat(fd, &status) < 0 || (removal->top >= 0 && status.st_dev != removal->device)) {
        close(fd);
        return error_set(err, ERROR_DENIED, "'%s' is a mount point: unmount it first", name);
    }
    if (removal->depth >= REMOVAL_DEPTH_MAX) {
        close(fd);
        return move_up(removal, dirfd, name, err);
    }
    removal->device = status.st_dev;
    if (remove_content(removal, fd, err) < 0)
        return error_wrap(err, "'%s'", name);
    if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return error_set_errno(err, errno, "remove folder '%s'", name);
    return 0;
}

static int remove_entry(struct removal *removal, int dirfd, const char *name, struct error *err)
{
    if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return error_set_errno(err, errno, "remove '%s'", name);
    return remove_folder(removal, dirfd, name, err);
}

static int remove_names(struct removal *removal, DIR *folder, struct error *err)
{
    int status = 0;

    for (const struct dirent *e = readdir(folder); e && status == 0; e = readdir(folder)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            status = remove_entry(removal, dirfd(folder), e->d_name, err);
    }
    return status;
}

/* Empties the folder that is open as `fd`, which is closed on return. */
static int remove_content(struct removal *removal, int fd, struct error *err)
{
    DIR *folder = fdopendir(fd);
    bool is_top = removal->top < 0;
    uint64_t moved = 0;
    int status = 0;

    if (!folder) {
        close(fd);
        return error_set_errno(err, errno, "list a folder");
    }
    if (is_top)
        removal->top = dirfd(folder);
    removal->depth++;
    do {
        moved = removal->moved;
        rewinddir(folder);
        status = remove_names(removal, folder, err);
    } while (is_top && status == 0 && removal->moved != moved);
    removal->depth--;
    closedir(folder);
    return status;
}

int file_remove_tree(int dirfd, const char *path, struct error *err)
{
    struct removal removal = { .top = -1 };

    return remove_entry(&removal, dirfd, path, err);
}

uint64_t file_size_tree(int folder, const char *path)
{
    AUTO_CLOSE int fd = openat(folder, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    uint64_t sum = 0;
    DIR *stream = NULL;

    if (fd < 0 || fstat(fd, &status) < 0)
        return 0;
    sum = (uint64_t)status.st_blocks * 512;
    stream = S_ISDIR(status.st_mode) ? fdopendir(STEAL_FD(fd)) : NULL;
    for (const struct dirent *e = stream ? readdir(stream) : NULL; e; e = readdir(stream)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            sum += file_size_tree(dirfd(stream), e->d_name);
    }
    if (stream)
        closedir(stream);
    return sum;
}

bool file_exists(int dirfd, const char *path)
{
    return faccessat(dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
