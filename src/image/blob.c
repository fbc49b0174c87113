/* SPDX-License-Identifier: MIT */

/*
 * Blobs
 */

#include "image/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/session.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/hash.h"

#define BLOB_PATH_SIZE (sizeof("blobs/sha256/") + HASH_SHA256_HEX_SIZE)

const char *blob_find_hex(const char *digest)
{
    if (!digest || strncmp(digest, "sha256:", 7) != 0 || strlen(digest) != 7 + 64)
        return NULL;
    return strspn(digest + 7, "0123456789abcdef") == 64 ? digest + 7 : NULL;
}

static int find_path(const char *digest, char path[BLOB_PATH_SIZE], struct error *err)
{
    const char *hex = blob_find_hex(digest);

    if (!hex)
        return error_set(err, ERROR_INVALID, "'%s' is no sha256 digest", digest ? digest : "");
    snprintf(path, BLOB_PATH_SIZE, "blobs/sha256/%s", hex);
    return 0;
}

bool blob_exists(int store_fd, const char *digest)
{
    struct error ignored = { 0 };
    char path[BLOB_PATH_SIZE];

    return find_path(digest, path, &ignored) == 0 && file_exists(store_fd, path);
}

int blob_open(int store_fd, const char *digest, struct error *err)
{
    char path[BLOB_PATH_SIZE];
    int fd = -1;

    if (find_path(digest, path, err) < 0)
        return -1;
    fd = openat(store_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return error_set_errno(err, errno, "open blob %s", digest);
    return fd;
}

int blob_read(int store_fd, const char *digest, size_t limit, struct text *out, struct error *err)
{
    AUTO_CLOSE int fd = blob_open(store_fd, digest, err);
    size_t start = out->length;
    char hex[HASH_SHA256_HEX_SIZE];

    if (fd < 0)
        return -1;
    if (file_read_fd(fd, limit, out, err) < 0)
        return error_wrap(err, "blob %s", digest);
    hash_sha256_hex_of(text_get(out) + start, out->length - start, hex);
    if (strcmp(hex, digest + strlen("sha256:")) != 0)
        return error_set(err, ERROR_INVALID,
                         "blob %s is damaged: remove the image and build it again", digest);
    return 0;
}

int blob_sync_names(int store_fd, struct error *err)
{
    AUTO_CLOSE int blobs = openat(store_fd, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (blobs < 0 || fsync(blobs) < 0)
        return error_set_errno(err, errno, "sync the folder of the blobs");
    return 0;
}

int blob_write(int store_fd, const char *data, size_t length, char **digest_out, struct error *err)
{
    char hex[HASH_SHA256_HEX_SIZE];
    AUTO_FREE char *path = NULL;

    hash_sha256_hex_of(data, length, hex);
    path = alloc_format("blobs/sha256/%s", hex);
    if (!file_exists(store_fd, path) &&
        file_replace(store_fd, path, data, length, FILE_WHOLE(0600), err) < 0)
        return -1;
    *digest_out = alloc_format("sha256:%s", hex);
    return 0;
}

int blob_adopt(int store_fd, int folder, const char *name, int fd, const char *digest,
               struct error *err)
{
    char path[BLOB_PATH_SIZE];

    if (find_path(digest, path, err) < 0)
        return -1;
    if (fsync(fd) < 0)
        return error_set_errno(err, errno, "sync blob %s", digest);
    if (renameat(folder, name, store_fd, path) < 0)
        return error_set_errno(err, errno, "put blob %s in its place", digest);
    return 0;
}

int blob_commit(int store_fd, const struct session *session, const char *name, int fd,
                const char *digest, struct error *err)
{
    return blob_adopt(store_fd, session->fd, name, fd, digest, err);
}
