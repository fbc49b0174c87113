/* SPDX-License-Identifier: MIT */

/*
 * Folders that outlive builds
 *
 * A folder is made in the session and gets its name when it is complete; of two that are made at
 * once the first to be named stays.
 */

#include "image/cache_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "image/session.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/hash.h"
#include "util/strings.h"

#define COPIES_MAX 1000U
#define ID_SIZE_MAX 65536U

void cache_mount_done(struct cache_mount *mount)
{
    cleanup_close(&mount->lock);
    free(mount->path);
    *mount = (struct cache_mount){ .lock = -1 };
}

static int fill(const struct cache_mount_request *request, int store_fd, const char *store_path,
                const struct session *session, const char *work, struct error *err)
{
    AUTO_FREE char *relative = alloc_format("tmp/%s/%s/data", session->name, work);
    AUTO_FREE char *full = alloc_format("%s/%s", store_path, relative);
    AUTO_FREE char *id = alloc_format("%s/id", work);

    if (file_replace(session->fd, id, request->id, strlen(request->id), FILE_VOLATILE(0600), err) <
        0)
        return -1;
    if (mkdirat(store_fd, relative, 0700) < 0)
        return error_set_errno(err, errno, "make the folder of a cache");
    if (request->fill && request->fill(request->fill_context, full, err) < 0)
        return -1;
    if (fchownat(store_fd, relative, request->uid, request->gid, AT_SYMLINK_NOFOLLOW) < 0 ||
        fchmodat(store_fd, relative, request->mode, 0) < 0)
        return error_set_errno(err, errno, "set the owner of a cache");
    return 0;
}

static int make(int store_fd, const char *store_path, struct session *session,
                const struct cache_mount_request *request, const char *name, struct error *err)
{
    AUTO_FREE char *work = session_new_name(session, "cache");

    if (mkdirat(session->fd, work, 0700) < 0)
        return error_set_errno(err, errno, "make the folder of a cache");
    if (fill(request, store_fd, store_path, session, work, err) < 0)
        return -1;
    if (renameat(session->fd, work, store_fd, name) == 0)
        return 0;
    if (errno != EEXIST && errno != ENOTEMPTY)
        return error_set_errno(err, errno, "name a cache");
    return file_remove_tree(session->fd, work, err);
}

/* 1: locked. 0: another has what is to be private, which is not waited for. */
static int take_lock(int fd, enum cache_mount_sharing sharing, struct error *err)
{
    static const int operations[] = {
        [CACHE_MOUNT_SHARED] = LOCK_SH,
        [CACHE_MOUNT_LOCKED] = LOCK_EX,
        [CACHE_MOUNT_PRIVATE] = LOCK_EX | LOCK_NB,
    };

    while (flock(fd, operations[sharing]) < 0) {
        if (errno == EWOULDBLOCK)
            return 0;
        if (errno != EINTR)
            return error_set_errno(err, errno, "lock a cache");
    }
    return 1;
}

int cache_mount_open(int store_fd, const char *store_path, struct session *session,
                     const struct cache_mount_request *request, struct cache_mount *out,
                     struct error *err)
{
    char hex[HASH_SHA256_HEX_SIZE];

    if (mkdirat(store_fd, "mounts", 0700) < 0 && errno != EEXIST)
        return error_set_errno(err, errno, "make the folder of caches");
    hash_sha256_hex_of(request->id, strlen(request->id), hex);
    for (unsigned n = 0; n < COPIES_MAX; n++) {
        AUTO_FREE char *name = alloc_format("mounts/%s.%u", hex, n);
        AUTO_CLOSE int fd = -1;
        int taken = 0;

        if (!file_exists(store_fd, name) &&
            make(store_fd, store_path, session, request, name, err) < 0)
            return -1;
        fd = openat(store_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return error_set_errno(err, errno, "open a cache");
        taken = take_lock(fd, request->sharing, err);
        if (taken < 0)
            return -1;
        if (taken > 0) {
            out->lock = STEAL_FD(fd);
            out->path = alloc_format("%s/%s/data", store_path, name);
            return 0;
        }
    }
    return error_set(err, ERROR_EXISTS, "%u steps use the cache '%s' at once", COPIES_MAX,
                     request->id);
}

void cache_mount_list_done(struct cache_mount_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].id);
    free(list->items);
    *list = (struct cache_mount_list){ 0 };
}

int cache_mount_list(int store_fd, struct cache_mount_list *out, struct error *err)
{
    AUTO_CLOSE int folder = openat(store_fd, "mounts", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_STRINGS struct strings names = { 0 };

    if (folder < 0)
        return errno == ENOENT ? 0 : error_set_errno(err, errno, "open the folder of caches");
    if (file_list(folder, &names, err) < 0)
        return -1;
    strings_sort(&names);
    for (size_t i = 0; i < names.count; i++) {
        AUTO_FREE char *path = alloc_format("%s/id", names.items[i]);
        AUTO_TEXT struct text id = { 0 };
        struct cache_mount_item *item = NULL;

        if (file_read(folder, path, ID_SIZE_MAX, &id, err) < 0)
            return -1;
        item = ALLOC_APPEND(out->items, out->count);
        item->id = text_steal(&id);
        item->size_bytes = file_size_tree(folder, names.items[i]);
    }
    return 0;
}
