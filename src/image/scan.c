/* SPDX-License-Identifier: MIT */

/*
 * What a copy is to copy
 */

#include "image/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "image/digest_cache.h"
#include "image/tree.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

#define XATTR_MAX 65536U
#define COPY_PART (8 << 20)
#define CHANGED "'%s' changed while it was read: build again"

void scan_done(struct scan *scan)
{
    for (size_t i = 0; i < scan->count; i++) {
        free(scan->entries[i].source);
        free(scan->entries[i].target);
        free(scan->entries[i].link);
    }
    free(scan->entries);
    *scan = (struct scan){ 0 };
}

/* One scan_add() on its way. */
struct addition {
    struct scan *scan;
    const struct scan_source *source;
    const char *target;
    size_t skip; /* the part of each path that `target` takes the place of */
};

static int add_node(void *context, struct merged_node *node, bool *enter, struct error *err)
{
    const struct addition *addition = context;
    const struct scan_source *source = addition->source;
    const char *target = addition->target;
    const char *rest = node->path + MIN(addition->skip, strlen(node->path));
    struct scan_entry *entry = NULL;

    if (addition->scan->count >= SCAN_ENTRIES_MAX)
        return error_set(err, ERROR_INVALID, "more than %u files", SCAN_ENTRIES_MAX);
    if (source->filter && *node->path &&
        source->filter(source->filter_context, node->path, S_ISDIR(node->status.st_mode), enter))
        return 0;
    entry = ALLOC_APPEND(addition->scan->entries, addition->scan->count);
    entry->source = STEAL_PTR(node->path);
    entry->target = alloc_format("%s%s%s", target, *target && *rest ? "/" : "", rest);
    entry->link = STEAL_PTR(node->link);
    entry->status = node->status;
    return 0;
}

int scan_add(struct scan *scan, const struct scan_source *source, const char *path,
             const char *target, struct error *err)
{
    struct addition addition = { .scan = scan, .source = source, .target = target };
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    AUTO_FREE char *resolved = NULL;
    bool enter = true;

    if (merged_find(source->view, path, true, &node, err) < 0)
        return -1;
    if (!node.found)
        return error_set(err, ERROR_NOT_FOUND, "'%s' does not exist", path);
    enter = S_ISDIR(node.status.st_mode);
    resolved = alloc_text(node.path);
    addition.skip = strlen(resolved);
    if (add_node(&addition, &node, &enter, err) < 0)
        return -1;
    addition.skip += addition.skip > 0;
    return enter ? merged_walk(source->view, resolved, add_node, &addition, err) : 0;
}

typedef int (*xattr_fn)(void *context, const char *name, const void *value, size_t size,
                        struct error *err);

/* Call `each` for the attributes that an image keeps, in a fixed order. */
static int each_xattr(int fd, xattr_fn each, void *context, struct error *err)
{
    char list[XATTR_MAX];
    AUTO_FREE char *value = NULL;
    AUTO_STRINGS struct strings names = { 0 };
    ssize_t length = flistxattr(fd, list, sizeof(list));

    for (ssize_t i = 0; i < length; i += (ssize_t)strlen(list + i) + 1) {
        if (text_starts_with(list + i, "user.") || strcmp(list + i, "security.capability") == 0)
            strings_add(&names, list + i);
    }
    strings_sort(&names);
    for (size_t i = 0; i < names.count; i++) {
        ssize_t size = 0;

        if (!value)
            value = alloc_zeroed(1, XATTR_MAX);
        size = fgetxattr(fd, names.items[i], value, XATTR_MAX);
        if (size < 0)
            return error_set_errno(err, errno, "read attribute '%s'", names.items[i]);
        if (each(context, names.items[i], value, (size_t)size, err) < 0)
            return -1;
    }
    return 0;
}

static int hash_xattr(void *context, const char *name, const void *value, size_t size,
                      struct error *err)
{
    (void)err;
    hash_sha256_update_text(context, name);
    hash_sha256_update(context, &size, sizeof(size));
    hash_sha256_update(context, value, size);
    return 0;
}

static int copy_xattr(void *context, const char *name, const void *value, size_t size,
                      struct error *err)
{
    const int *fd = context;

    if (fsetxattr(*fd, name, value, size, 0) < 0)
        return error_set_errno(err, errno, "copy attribute '%s'", name);
    return 0;
}

static int read_digest(const struct scan_entry *entry, const struct merged *view,
                       uint8_t digest[HASH_SHA256_SIZE], struct error *err)
{
    AUTO_CLOSE int fd = merged_open_file(view, entry->source, err);
    struct hash_sha256 hash;
    char chunk[65536];

    if (fd < 0)
        return -1;
    hash_sha256_init(&hash);
    for (off_t left = entry->status.st_size; left > 0;) {
        ssize_t got = file_read_some(fd, chunk, sizeof(chunk), err);

        if (got < 0)
            return error_wrap(err, "'%s'", entry->source);
        if (got == 0 || got > left)
            return error_set(err, ERROR_SYSTEM, CHANGED, entry->source);
        hash_sha256_update(&hash, chunk, (size_t)got);
        left -= got;
    }
    if (each_xattr(fd, hash_xattr, &hash, err) < 0)
        return error_wrap(err, "'%s'", entry->source);
    hash_sha256_digest(&hash, digest);
    return 0;
}

static int hash_content(const struct scan_entry *entry, const struct merged *view,
                        struct digest_cache *digests, struct hash_sha256 *hash, struct error *err)
{
    const uint8_t *known = digests ? digest_cache_find(digests, &entry->status) : NULL;
    uint8_t digest[HASH_SHA256_SIZE];

    if (!known && read_digest(entry, view, digest, err) < 0)
        return -1;
    if (!known && digests)
        digest_cache_add(digests, &entry->status, digest);
    hash_sha256_update(hash, known ? known : digest, HASH_SHA256_SIZE);
    return 0;
}

int scan_hash(const struct scan *scan, const struct merged *view, struct digest_cache *digests,
              bool with_owner, struct hash_sha256 *hash, struct error *err)
{
    for (size_t i = 0; i < scan->count; i++) {
        const struct scan_entry *entry = &scan->entries[i];
        char facts[96];

        snprintf(facts, sizeof(facts), "%o %u:%u %llu %lld", entry->status.st_mode,
                 with_owner ? entry->status.st_uid : 0, with_owner ? entry->status.st_gid : 0,
                 (unsigned long long)entry->status.st_rdev,
                 S_ISREG(entry->status.st_mode) ? (long long)entry->status.st_size : 0);
        hash_sha256_update_text(hash, entry->target);
        hash_sha256_update_text(hash, facts);
        hash_sha256_update_text(hash, entry->link ? entry->link : "");
        if (S_ISREG(entry->status.st_mode) && hash_content(entry, view, digests, hash, err) < 0)
            return -1;
    }
    return 0;
}

/* In the kernel where it can share or copy by itself, else here. */
static int copy_bytes(int from, int to, const struct scan_entry *entry, struct error *err)
{
    char chunk[65536];
    off_t left = entry->status.st_size;
    ssize_t got = 1;

    while (left > 0 && got > 0) {
        got = copy_file_range(from, NULL, to, NULL, MIN((size_t)left, (size_t)COPY_PART), 0);
        left -= MAX(got, 0);
        /* The disk begins early: the end waits for it. */
        if (entry->status.st_size > COPY_PART)
            sync_file_range(to, 0, 0, SYNC_FILE_RANGE_WRITE);
    }
    while (left > 0) {
        got = file_read_some(from, chunk, MIN((size_t)left, sizeof(chunk)), err);
        if (got < 0)
            return -1;
        if (got == 0)
            return error_set(err, ERROR_SYSTEM, CHANGED, entry->source);
        if (file_write_all(to, chunk, (size_t)got, err) < 0)
            return -1;
        left -= got;
    }
    return 0;
}

static int copy_file(const struct scan_entry *entry, const struct merged *view, int to,
                     const struct tree_entry *place, struct error *err)
{
    AUTO_CLOSE int from = merged_open_file(view, entry->source, err);
    struct stat now;

    if (from < 0 || copy_bytes(from, to, entry, err) < 0)
        return -1;
    /* The step is known by the digest of what the file was when it was scanned. */
    if (fstat(from, &now) < 0 || now.st_ino != entry->status.st_ino ||
        now.st_size != entry->status.st_size ||
        now.st_ctim.tv_sec != entry->status.st_ctim.tv_sec ||
        now.st_ctim.tv_nsec != entry->status.st_ctim.tv_nsec)
        return error_set(err, ERROR_SYSTEM, CHANGED, entry->source);
    return tree_finish_file(to, place, err) < 0 ? -1 : each_xattr(from, copy_xattr, &to, err);
}

int scan_copy_entry(const struct scan_entry *entry, const struct merged *view, int tree_fd,
                    const char *path, struct error *err)
{
    const struct tree_entry place = {
        .path = path,
        .mode = entry->status.st_mode,
        .uid = entry->status.st_uid,
        .gid = entry->status.st_gid,
        .link = entry->link,
        .device = entry->status.st_rdev,
        .mtime = S_ISDIR(entry->status.st_mode) ? -1 : MAX(entry->status.st_mtim.tv_sec, 0),
    };
    AUTO_CLOSE int fd = -1;

    if (tree_put(tree_fd, &place, &fd, err) < 0)
        return -1;
    if (fd >= 0 && copy_file(entry, view, fd, &place, err) < 0)
        return error_wrap(err, "copy '%s'", entry->source);
    return 0;
}

int scan_copy_folder(const struct scan_source *source, const char *path, const char *target_folder,
                     struct error *err)
{
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    AUTO_SCAN struct scan scan = { 0 };
    AUTO_CLOSE int target = -1;

    if (merged_find(source->view, path, true, &node, err) < 0)
        return -1;
    if (!node.found || !S_ISDIR(node.status.st_mode))
        return 0;
    target = open(target_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (target < 0)
        return error_set_errno(err, errno, "open folder '%s'", target_folder);
    if (scan_add(&scan, source, node.path, "", err) < 0)
        return -1;
    for (size_t i = 0; i < scan.count; i++) {
        if (scan_copy_entry(&scan.entries[i], source->view, target, scan.entries[i].target, err) <
            0)
            return -1;
    }
    return 0;
}
