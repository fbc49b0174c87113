/* SPDX-License-Identifier: MIT */

/*
 * The folder of a container below the runtime's root
 */

#include "oci/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/strings.h"

#define ID_MAX_LENGTH 255
#define LOCK_NAME "lock"

int folder_check_id(const char *id, struct error *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_+-.";
    size_t length = strlen(id);

    if (length > 0 && length <= ID_MAX_LENGTH && id[0] != '.' && id[0] != '-' &&
        strspn(id, allowed) == length)
        return 0;
    return error_set(err, ERROR_INVALID,
                     "container id '%.64s' is not valid: use at most %d letters, digits, '_', '+', "
                     "'-' and '.', and no '.' or '-' in front",
                     id, ID_MAX_LENGTH);
}

static int open_root(const char *root, struct error *err)
{
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 && errno != ENOENT)
        return error_set_errno(err, errno, "open '%s'", root);
    if (fd < 0)
        return error_set(err, ERROR_NOT_FOUND, "'%s' does not exist", root);
    return fd;
}

/* Make `path` canonical, so that what is recorded stays true wherever a command is run. */
static int open_folder(const char *root, const char *id, struct folder *out, struct error *err)
{
    AUTO_CLOSE int rootfd = open_root(root, err);

    if (rootfd < 0)
        return -1;
    out->fd = openat(rootfd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (out->fd < 0 && errno == ENOENT)
        return error_set(err, ERROR_NOT_FOUND, "container '%s' does not exist", id);
    if (out->fd < 0)
        return error_set_errno(err, errno, "open '%s/%s'", root, id);
    {
        AUTO_FREE char *canonical = realpath(root, NULL);

        out->path = alloc_format("%s/%s", canonical ? canonical : root, id);
    }
    return 0;
}

int folder_lock(struct folder *folder, struct error *err)
{
    /* Of the process, not of the descriptor: a child of ours that lives on must not hold it. */
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    struct stat status;
    AUTO_CLOSE int fd = openat(folder->fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 && errno == ENOENT)
        return error_set(err, ERROR_NOT_FOUND, "the container was removed meanwhile");
    if (fd < 0 || fcntl(fd, F_SETLKW, &lock) < 0 || fstat(fd, &status) < 0)
        return error_set_errno(err, errno, "lock '%s'", folder->path);
    if (status.st_nlink == 0)
        return error_set(err, ERROR_NOT_FOUND, "the container was removed meanwhile");
    folder->lock_fd = STEAL_FD(fd);
    return 0;
}

int folder_make(const char *root, const char *id, struct folder *out, struct error *err)
{
    AUTO_CLOSE int rootfd = -1;

    if (folder_check_id(id, err) < 0 || file_make_folders(root, 0700, err) < 0)
        return -1;
    rootfd = open_root(root, err);
    if (rootfd < 0)
        return -1;
    if (mkdirat(rootfd, id, 0700) < 0) {
        if (errno == EEXIST)
            return error_set(err, ERROR_EXISTS, "container with given ID already exists: '%s'", id);
        return error_set_errno(err, errno, "make '%s/%s'", root, id);
    }
    if (open_folder(root, id, out, err) == 0 && folder_lock(out, err) == 0)
        return 0;
    /* By now it may be another's, which is not empty for long. */
    if (out->fd >= 0)
        unlinkat(out->fd, LOCK_NAME, 0);
    unlinkat(rootfd, id, AT_REMOVEDIR);
    folder_close(out);
    return -1;
}

int folder_open(const char *root, const char *id, struct folder *out, struct error *err)
{
    if (folder_check_id(id, err) < 0)
        return -1;
    if (open_folder(root, id, out, err) == 0)
        return 0;
    folder_close(out);
    if (err->code != ERROR_NOT_FOUND)
        return -1;
    error_clear(err);
    return error_set(err, ERROR_NOT_FOUND, "container '%s' does not exist", id);
}

int folder_remove(const char *root, const char *id, struct error *err)
{
    AUTO_CLOSE int rootfd = open_root(root, err);

    return rootfd < 0 ? -1 : file_remove_tree(rootfd, id, err);
}

void folder_close(struct folder *folder)
{
    free(folder->path);
    if (folder->lock_fd >= 0)
        close(folder->lock_fd);
    if (folder->fd >= 0)
        close(folder->fd);
    *folder = (struct folder)FOLDER_NONE;
}

int folder_list(const char *root, struct strings *out, struct error *err)
{
    AUTO_CLOSE int rootfd = open_root(root, err);
    AUTO_STRINGS struct strings names = { 0 };

    if (rootfd < 0) {
        if (err->code != ERROR_NOT_FOUND)
            return -1;
        error_clear(err);
        return 0;
    }
    if (file_list(rootfd, &names, err) < 0)
        return -1;
    strings_sort(&names);
    for (size_t i = 0; i < names.count; i++) {
        struct error ignored = { 0 };

        if (folder_check_id(names.items[i], &ignored) == 0)
            strings_add(out, names.items[i]);
    }
    return 0;
}
