/* SPDX-License-Identifier: MIT */

/*
 * Digests of files that were read before
 *
 * The file is a head, rows sorted by device and inode, and the digest of all that. It is written
 * and read on one machine, so numbers stand as they are in memory.
 */

#include "image/digest_cache.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/strings.h"
#include "util/text.h"

#define MAGIC UINT64_C(0x3167696465747261) /* "artedig1" */
#define SETTLED_NS (2 * INT64_C(1000000000))
#define USES_MAX 8U /* how many writings a row outlives without being asked for */
#define DAY_S 86400

struct row {
    uint64_t device, inode, size, idle;
    int64_t mtime_ns, ctime_ns;
    uint8_t digest[HASH_SHA256_SIZE];
};

struct head {
    uint64_t magic, count;
};

struct digest_cache {
    int store_fd;
    char *path;
    int64_t opened_ns; /* wall clock */
    struct row *old;
    size_t old_count;
    struct row *new;
    size_t new_count;
};

static int64_t nanoseconds(const struct timespec *time)
{
    return time->tv_sec * INT64_C(1000000000) + time->tv_nsec;
}

static int compare(const void *a, const void *b)
{
    const struct row *one = a;
    const struct row *two = b;

    if (one->device != two->device)
        return one->device < two->device ? -1 : 1;
    return one->inode == two->inode ? 0 : one->inode < two->inode ? -1 : 1;
}

static struct row row_of(const struct stat *status)
{
    return (struct row){
        .device = status->st_dev,
        .inode = status->st_ino,
        .size = (uint64_t)status->st_size,
        .mtime_ns = nanoseconds(&status->st_mtim),
        .ctime_ns = nanoseconds(&status->st_ctim),
    };
}

/* Take the rows out of the file's bytes, unless anything about them is not as we write it. */
static void parse(struct digest_cache *cache, const char *data, size_t length)
{
    struct head head = { 0 };
    struct hash_sha256 hash;
    uint8_t digest[HASH_SHA256_SIZE];

    if (length < sizeof(head) + sizeof(digest))
        return;
    memcpy(&head, data, sizeof(head));
    length -= sizeof(digest);
    if (head.magic != MAGIC || head.count == 0 || head.count > DIGEST_CACHE_MAX ||
        length != sizeof(head) + head.count * sizeof(struct row))
        return;
    hash_sha256_init(&hash);
    hash_sha256_update(&hash, data, length);
    hash_sha256_digest(&hash, digest);
    if (memcmp(digest, data + length, sizeof(digest)) != 0)
        return;
    cache->old = alloc_array(struct row, head.count);
    memcpy(cache->old, data + sizeof(head), head.count * sizeof(struct row));
    for (size_t i = 1; i < head.count; i++) {
        if (compare(&cache->old[i - 1], &cache->old[i]) >= 0)
            return;
    }
    cache->old_count = head.count;
}

/* Prune takes away what was not used for long, so use is noted, but once a day is enough. */
static void note_use(const struct digest_cache *cache)
{
    struct stat status;

    if (fstatat(cache->store_fd, cache->path, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        status.st_mtim.tv_sec + DAY_S < cache->opened_ns / 1000000000)
        utimensat(cache->store_fd, cache->path, NULL, AT_SYMLINK_NOFOLLOW);
}

static struct digest_cache *load(int store_fd, char *path)
{
    const size_t limit = sizeof(struct head) + DIGEST_CACHE_MAX * sizeof(struct row) + 64;
    struct digest_cache *cache = alloc_new(struct digest_cache);
    AUTO_TEXT struct text text = { 0 };
    struct error ignored = { 0 };
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    cache->store_fd = store_fd;
    cache->path = path;
    cache->opened_ns = nanoseconds(&now);
    if (file_exists(store_fd, cache->path) &&
        file_read(store_fd, cache->path, limit, &text, &ignored) == 0)
        parse(cache, text_get(&text), text.length);
    note_use(cache);
    return cache;
}

struct digest_cache *digest_cache_open(int store_fd, const struct strings *folders)
{
    struct hash_sha256 hash;
    char hex[HASH_SHA256_HEX_SIZE];

    hash_sha256_init(&hash);
    for (size_t i = 0; i < folders->count; i++)
        hash_sha256_update_text(&hash, folders->items[i]);
    hash_sha256_hex(&hash, hex);
    return load(store_fd, alloc_format("contexts/%s", hex));
}

/* Rows of this time, and those of before that were not superseded and are still asked for. */
static size_t merge(const struct digest_cache *cache, struct row *out)
{
    size_t count = 0;

    for (size_t i = 0; i < cache->new_count; i++) {
        if (count > 0 && compare(&out[count - 1], &cache->new[i]) == 0)
            out[count - 1] = cache->new[i];
        else
            out[count++] = cache->new[i];
    }
    for (size_t i = 0, fresh = count; i < cache->old_count; i++) {
        struct row row = cache->old[i];

        if (row.idle++ < USES_MAX && !bsearch(&row, out, fresh, sizeof(row), compare))
            out[count++] = row;
    }
    qsort(out, count, sizeof(*out), compare);
    return MIN(count, (size_t)DIGEST_CACHE_MAX);
}

static void save(struct digest_cache *cache)
{
    size_t room = cache->new_count + cache->old_count;
    AUTO_FREE struct row *rows = alloc_array(struct row, room);
    AUTO_TEXT struct text text = { 0 };
    struct head head = { .magic = MAGIC };
    struct error ignored = { 0 };
    struct hash_sha256 hash;
    uint8_t digest[HASH_SHA256_SIZE];

    qsort(cache->new, cache->new_count, sizeof(*cache->new), compare);
    head.count = merge(cache, rows);
    text_add_bytes(&text, (const char *)&head, sizeof(head));
    text_add_bytes(&text, (const char *)rows, head.count * sizeof(*rows));
    hash_sha256_init(&hash);
    hash_sha256_update(&hash, text_get(&text), text.length);
    hash_sha256_digest(&hash, digest);
    text_add_bytes(&text, (const char *)digest, sizeof(digest));
    /* Not synced: what a power cut leaves of it is known by its digest. */
    if ((mkdirat(cache->store_fd, "contexts", 0700) == 0 ||
         file_exists(cache->store_fd, "contexts")) &&
        file_replace(cache->store_fd, cache->path, text_get(&text), text.length,
                     FILE_VOLATILE(0600), &ignored) < 0)
        error_clear(&ignored);
}

void digest_cache_close(struct digest_cache *cache)
{
    if (!cache)
        return;
    if (cache->new_count > 0)
        save(cache);
    free(cache->path);
    free(cache->old);
    free(cache->new);
    free(cache);
}

struct digest_cache *digest_cache_renew(struct digest_cache *cache)
{
    struct digest_cache *renewed = NULL;
    AUTO_FREE char *path = NULL;
    int store_fd = -1;

    if (!cache)
        return NULL;
    path = alloc_text(cache->path);
    store_fd = cache->store_fd;
    digest_cache_close(cache);
    renewed = load(store_fd, STEAL_PTR(path));
    return renewed;
}

const uint8_t *digest_cache_find(struct digest_cache *cache, const struct stat *status)
{
    const struct row wanted = row_of(status);
    struct row *row = NULL;

    if (cache->old_count > 0)
        row = bsearch(&wanted, cache->old, cache->old_count, sizeof(wanted), compare);
    if (!row || row->size != wanted.size || row->mtime_ns != wanted.mtime_ns ||
        row->ctime_ns != wanted.ctime_ns)
        return NULL;
    row->idle = 0;
    return row->digest;
}

void digest_cache_add(struct digest_cache *cache, const struct stat *status,
                      const uint8_t digest[HASH_SHA256_SIZE])
{
    struct row row = row_of(status);

    if (MAX(row.mtime_ns, row.ctime_ns) > cache->opened_ns - SETTLED_NS ||
        cache->new_count >= DIGEST_CACHE_MAX)
        return;
    memcpy(row.digest, digest, sizeof(row.digest));
    *ALLOC_APPEND(cache->new, cache->new_count) = row;
}
