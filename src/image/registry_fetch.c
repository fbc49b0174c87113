/* SPDX-License-Identifier: MIT */

/*
 * A blob comes from a registry into the store
 */

#include "image/registry_fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/blob.h"
#include "image/registry.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/http_retry.h"

#define CHUNK_SIZE 65536U

struct download {
    struct registry_fetch *fetch;
    struct http *http;
    const char *digest;
    uint64_t size_bytes;
    int fd;
    uint64_t have_bytes; /* in the file, and in the hash */
    struct hash_sha256 hash;
    bool is_resumed;
    const struct http_answer *answer; /* of the try under way; NULL once it has been looked at */
};

static int begin_anew(struct download *download, struct error *err)
{
    download->have_bytes = 0;
    download->is_resumed = false;
    hash_sha256_init(&download->hash);
    return ftruncate(download->fd, 0) < 0 ? error_set_errno(err, errno, "empty a partial blob") : 0;
}

/* Take in what an earlier process has left in the file. */
static int resume(struct download *download, struct error *err)
{
    char chunk[CHUNK_SIZE];
    ssize_t got = 1;

    hash_sha256_init(&download->hash);
    while (got > 0 && download->have_bytes <= download->size_bytes) {
        got = pread(download->fd, chunk, sizeof(chunk), (off_t)download->have_bytes);
        if (got < 0)
            return error_set_errno(err, errno, "read a partial blob");
        hash_sha256_update(&download->hash, chunk, (size_t)got);
        download->have_bytes += (uint64_t)got;
    }
    download->is_resumed = download->have_bytes > 0;
    return download->have_bytes > download->size_bytes ? begin_anew(download, err) : 0;
}

/* What comes is the rest that was asked for, or the whole. */
static int look_at_answer(struct download *download, struct error *err)
{
    const char *range = http_find_header(download->answer, "content-range");
    uint64_t start = 0;

    if (download->answer->status == 206) {
        if (!range || sscanf(range, "bytes %" SCNu64 "-", &start) != 1 ||
            start != download->have_bytes)
            return error_set(err, ERROR_INVALID, "it sends another range than asked for");
    } else if (download->have_bytes > 0 && begin_anew(download, err) < 0) {
        return -1;
    }
    download->answer = NULL;
    return 0;
}

static void tell_progress(const struct download *download)
{
    image_progress_tell(&download->fetch->progress, download->digest, download->have_bytes,
                        download->size_bytes);
}

/* An http_sink_fn. */
static int take_piece(void *context, const void *data, size_t length, struct error *err)
{
    struct download *download = context;
    const char *p = data;

    if (download->answer && look_at_answer(download, err) < 0)
        return -1;
    if (atomic_load(&download->fetch->stop))
        return error_set(err, ERROR_SYSTEM, "stopped, since another blob has failed");
    if (length > download->size_bytes - download->have_bytes)
        return error_set(err, ERROR_INVALID, "it is longer than the %" PRIu64 " bytes announced",
                         download->size_bytes);
    hash_sha256_update(&download->hash, data, length);
    while (length > 0) {
        ssize_t put = pwrite(download->fd, p, length, (off_t)download->have_bytes);

        if (put < 0)
            return error_set_errno(err, errno, "write a blob");
        p += put;
        length -= (size_t)put;
        download->have_bytes += (uint64_t)put;
    }
    tell_progress(download);
    return 0;
}

/* One try of http_retry(). */
static int try_download(void *context, struct http_answer *answer, struct error *err)
{
    struct download *download = context;
    AUTO_FREE char *url =
        alloc_format("/v2/%s/blobs/%s", download->fetch->repository, download->digest);
    AUTO_STRINGS struct strings headers = { 0 };
    const struct registry_request request = {
        .method = "GET",
        .url = url,
        .scope = download->fetch->scope,
        .headers = &headers,
        .sink = take_piece,
        .sink_context = download,
        .limit_bytes = download->size_bytes,
        .once = true,
    };

    if (download->have_bytes > 0)
        strings_take(&headers, alloc_format("Range: bytes=%" PRIu64 "-", download->have_bytes));
    download->answer = answer;
    if (registry_perform(download->fetch->registry, download->http, &request, answer, err) < 0)
        return -1;
    if (answer->status != 200 && answer->status != 206) {
        /* There is no such range: perhaps because what we have is no part of it. */
        if (answer->status == 416 && begin_anew(download, err) < 0)
            return -1;
        answer->transient = answer->transient || answer->status == 416;
        return registry_refuse(download->fetch->registry, &request, answer, err);
    }
    if (download->have_bytes == download->size_bytes)
        return 0;
    answer->transient = true;
    return error_set(err, ERROR_INVALID, "it ends after %" PRIu64 " of %" PRIu64 " bytes",
                     download->have_bytes, download->size_bytes);
}

static int check_digest(struct download *download, struct error *err)
{
    char hex[HASH_SHA256_HEX_SIZE];

    hash_sha256_hex(&download->hash, hex);
    if (strcmp(hex, blob_find_hex(download->digest)) == 0)
        return 0;
    return error_set(err, ERROR_INVALID, "what came has the digest sha256:%s", hex);
}

static int run(struct download *download, struct error *err)
{
    AUTO_HTTP_ANSWER struct http_answer answer = { 0 };

    if (download->have_bytes < download->size_bytes || download->size_bytes == 0) {
        if (http_retry(try_download, download, &answer, err) < 0)
            return -1;
    }
    return check_digest(download, err);
}

/* Download to the end; what was resumed and turns out wrong gets one fresh start. */
static int run_to_end(struct download *download, struct error *err)
{
    if (run(download, err) == 0)
        return 0;
    if (download->have_bytes < download->size_bytes)
        return -1;
    if (download->is_resumed) {
        error_clear(err);
        if (begin_anew(download, err) < 0)
            return -1;
        if (run(download, err) == 0)
            return 0;
    }
    /* Wrong bytes are not worth keeping. */
    if (download->have_bytes == download->size_bytes && ftruncate(download->fd, 0) < 0)
        return error_wrap(err, "empty a partial blob");
    return -1;
}

static int open_folder(int store_fd, struct error *err)
{
    int fd = -1;

    if (mkdirat(store_fd, REGISTRY_FETCH_FOLDER, 0700) < 0 && errno != EEXIST)
        return error_set_errno(err, errno, "make the store's folder '%s'", REGISTRY_FETCH_FOLDER);
    fd = openat(store_fd, REGISTRY_FETCH_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0
               ? error_set_errno(err, errno, "open the store's folder '%s'", REGISTRY_FETCH_FOLDER)
               : fd;
}

/* Open and lock the blob's file, waiting for another process that has it. */
static int open_partial(int folder, const char *hex, struct error *err)
{
    for (;;) {
        AUTO_CLOSE int fd = openat(folder, hex, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        struct stat locked, named;

        if (fd < 0)
            return error_set_errno(err, errno, "open a partial blob");
        if (flock(fd, LOCK_EX) < 0) {
            if (errno == EINTR)
                continue;
            return error_set_errno(err, errno, "lock a partial blob");
        }
        /* It may have become a blob while we waited; then its name is another file's or none's. */
        if (fstat(fd, &locked) == 0 && fstatat(folder, hex, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
            locked.st_ino == named.st_ino)
            return STEAL_FD(fd);
    }
}

static int fetch_blob(struct download *download, int folder, struct error *err)
{
    int store_fd = download->fetch->store_fd;
    const char *hex = blob_find_hex(download->digest);
    AUTO_CLOSE int fd = open_partial(folder, hex, err);

    if (fd < 0)
        return -1;
    if (blob_exists(store_fd, download->digest)) {
        unlinkat(folder, hex, 0);
        return 0;
    }
    download->fd = fd;
    if (resume(download, err) < 0 || run_to_end(download, err) < 0)
        return -1;
    return blob_adopt(store_fd, folder, hex, fd, download->digest, err);
}

int registry_fetch_blob(struct registry_fetch *fetch, struct http *http, const char *digest,
                        uint64_t size_bytes, struct error *err)
{
    struct download download = {
        .fetch = fetch,
        .http = http,
        .digest = digest,
        .size_bytes = size_bytes,
        .fd = -1,
    };
    AUTO_CLOSE int folder = -1;

    if (!blob_find_hex(digest))
        return error_set(err, ERROR_INVALID, "'%s' is no sha256 digest", digest);
    if (blob_exists(fetch->store_fd, digest))
        return 0;
    folder = open_folder(fetch->store_fd, err);
    if (folder < 0 || fetch_blob(&download, folder, err) < 0)
        return error_wrap(err, "blob %s", digest);
    return 0;
}
