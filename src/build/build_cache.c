/* SPDX-License-Identifier: MIT */

/*
 * Which layer a step made before
 */

#include "build/build_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/blob.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/json.h"

#define RECORD_SIZE_MAX 4096U

/* Whether the blob is there, and as long as it was. */
static bool has_blob(int store_fd, const struct json *record)
{
    struct error ignored = { 0 };
    AUTO_CLOSE int fd = blob_open(store_fd, json_find_text(record, "digest", NULL), &ignored);
    struct stat status;

    return fd >= 0 && fstat(fd, &status) == 0 &&
           status.st_size == json_find_int(record, "size", -1);
}

int build_cache_find(int store_fd, const char *key_hex, struct manifest_layer *out, bool *found_out,
                     struct error *err)
{
    AUTO_FREE char *path = alloc_format("cache/%s", key_hex);
    AUTO_TEXT struct text text = { 0 };
    AUTO(json) struct json *json = NULL;
    struct error broken = { 0 };

    *found_out = false;
    if (!file_exists(store_fd, path))
        return 0;
    if (file_read(store_fd, path, RECORD_SIZE_MAX, &text, err) < 0)
        return error_wrap(err, "cache of steps");
    /* A record that cannot be read is as good as none. */
    json = json_parse(text_get(&text), text.length, &broken);
    if (!json || !blob_find_hex(json_find_text(json, "diff_id", NULL)) || !has_blob(store_fd, json))
        return 0;
    *out = (struct manifest_layer){
        .digest = alloc_text(json_find_text(json, "digest", NULL)),
        .diff_id = alloc_text(json_find_text(json, "diff_id", NULL)),
        .media_type = alloc_text(json_find_text(json, "media_type", MANIFEST_LAYER_ZSTD)),
        .size_bytes = (uint64_t)MAX(json_find_int(json, "size", 0), 0),
    };
    *found_out = true;
    return 0;
}

/* Whether the locked file still has its name: who made the step before took the name away. */
static bool is_current(int store_fd, const char *path, int fd)
{
    struct stat locked, named;

    return fstat(fd, &locked) == 0 && fstatat(store_fd, path, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           locked.st_ino == named.st_ino;
}

int build_cache_lock(int store_fd, const char *key_hex, struct error *err)
{
    AUTO_FREE char *path = alloc_format("locks/%s", key_hex);

    if (mkdirat(store_fd, "locks", 0700) < 0 && errno != EEXIST)
        return error_set_errno(err, errno, "make the store's folder 'locks'");
    for (;;) {
        AUTO_CLOSE int fd = openat(store_fd, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0)
            return error_set_errno(err, errno, "open the lock of a step");
        while (flock(fd, LOCK_EX) < 0) {
            if (errno != EINTR)
                return error_set_errno(err, errno, "lock a step");
        }
        if (is_current(store_fd, path, fd))
            return STEAL_FD(fd);
    }
}

void build_cache_unlock(int store_fd, const char *key_hex, int lock)
{
    AUTO_FREE char *path = alloc_format("locks/%s", key_hex);

    unlinkat(store_fd, path, 0);
    close(lock);
}

int build_cache_save(int store_fd, const char *key_hex, const struct manifest_layer *layer,
                     struct error *err)
{
    AUTO_FREE char *path = alloc_format("cache/%s", key_hex);
    AUTO(json) struct json *json = json_new_object();
    AUTO_FREE char *text = NULL;

    json_set_text(json, "digest", layer->digest);
    json_set_text(json, "diff_id", layer->diff_id);
    json_set_text(json, "media_type", layer->media_type);
    json_set_int(json, "size", (int64_t)layer->size_bytes);
    text = json_print(json, false);
    /* Lost or empty after a power cut, it counts for nothing. */
    return file_replace(store_fd, path, text, strlen(text), FILE_VOLATILE(0600), err);
}
