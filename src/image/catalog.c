/* SPDX-License-Identifier: MIT */

/*
 * index.json of the store
 */

#include "image/catalog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "image/blob.h"
#include "image/manifest.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/json.h"

#define INDEX_FILE "index.json"
#define INDEX_SIZE_MAX (64U << 20)
#define NAME_KEY "org.opencontainers.image.ref.name"
#define CREATED_KEY "org.opencontainers.image.created"
#define PULLED_KEY "carte.pulled"

static void item_done(struct catalog_item *item)
{
    free(item->digest);
    free(item->name);
    free(item->created);
    free(item->pulled);
}

void catalog_done(struct catalog *catalog)
{
    for (size_t i = 0; i < catalog->count; i++)
        item_done(&catalog->items[i]);
    free(catalog->items);
    *catalog = (struct catalog){ 0 };
}

int catalog_lock(int store_fd, struct error *err)
{
    AUTO_CLOSE int fd =
        openat(store_fd, "index.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return error_set_errno(err, errno, "open the lock of the image store");
    while (flock(fd, LOCK_EX) < 0) {
        if (errno != EINTR)
            return error_set_errno(err, errno, "lock the image store");
    }
    return STEAL_FD(fd);
}

static int parse_item(const struct json *json, struct catalog *out, struct error *err)
{
    const struct json *notes = json_find(json, "annotations");
    const char *digest = json_find_text(json, "digest", NULL);
    struct catalog_item *item = NULL;

    if (!blob_find_hex(digest))
        return error_set(err, ERROR_INVALID, "an image has no sha256 digest");
    item = ALLOC_APPEND(out->items, out->count);
    item->digest = alloc_text(digest);
    item->name = alloc_text(json_find_text(notes, NAME_KEY, NULL));
    item->created = alloc_text(json_find_text(notes, CREATED_KEY, NULL));
    item->pulled = alloc_text(json_find_text(notes, PULLED_KEY, NULL));
    item->size_bytes = (uint64_t)MAX(json_find_int(json, "size", 0), 0);
    return 0;
}

int catalog_load(int store_fd, struct catalog *out, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };
    AUTO(json) struct json *json = NULL;

    if (!file_exists(store_fd, INDEX_FILE))
        return 0;
    if (file_read(store_fd, INDEX_FILE, INDEX_SIZE_MAX, &text, err) < 0)
        return error_wrap(err, "image store");
    json = json_parse(text_get(&text), text.length, err);
    if (!json)
        return error_wrap(err, "image store: index.json");
    for (const struct json *m = json_first(json_find(json, "manifests")); m; m = json_next(m)) {
        if (parse_item(m, out, err) < 0)
            return error_wrap(err, "image store: index.json");
    }
    return 0;
}

static struct json *format_item(const struct catalog_item *item)
{
    struct json *json = json_new_object();
    struct json *notes = json_new_object();

    json_set_text(json, "mediaType", MANIFEST_MEDIA_TYPE);
    json_set_text(json, "digest", item->digest);
    json_set_int(json, "size", (int64_t)item->size_bytes);
    if (item->name)
        json_set_text(notes, NAME_KEY, item->name);
    if (item->created)
        json_set_text(notes, CREATED_KEY, item->created);
    if (item->pulled)
        json_set_text(notes, PULLED_KEY, item->pulled);
    json_set(json, "annotations", notes);
    return json;
}

int catalog_save(int store_fd, const struct catalog *catalog, struct error *err)
{
    AUTO(json) struct json *json = json_new_object();
    struct json *manifests = json_new_array();
    AUTO_FREE char *text = NULL;

    json_set_int(json, "schemaVersion", 2);
    json_set_text(json, "mediaType", MANIFEST_INDEX_TYPE);
    for (size_t i = 0; i < catalog->count; i++)
        json_append(manifests, format_item(&catalog->items[i]));
    json_set(json, "manifests", manifests);
    text = json_print(json, true);
    if (blob_sync_names(store_fd, err) < 0)
        return -1;
    return file_replace(store_fd, INDEX_FILE, text, strlen(text), FILE_DURABLE(0600), err);
}

const struct catalog_item *catalog_find_name(const struct catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->count; i++) {
        if (catalog->items[i].name && strcmp(catalog->items[i].name, name) == 0)
            return &catalog->items[i];
    }
    return NULL;
}

const struct catalog_item *catalog_find_digest(const struct catalog *catalog, const char *digest)
{
    for (size_t i = 0; i < catalog->count; i++) {
        if (strcmp(catalog->items[i].digest, digest) == 0)
            return &catalog->items[i];
    }
    return NULL;
}

static void remove_item(struct catalog *catalog, size_t i)
{
    item_done(&catalog->items[i]);
    memmove(&catalog->items[i], &catalog->items[i + 1],
            (catalog->count - i - 1) * sizeof(*catalog->items));
    catalog->count--;
}

static size_t count_items(const struct catalog *catalog, const char *digest)
{
    size_t count = 0;

    for (size_t i = 0; i < catalog->count; i++)
        count += strcmp(catalog->items[i].digest, digest) == 0;
    return count;
}

void catalog_remove_name(struct catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->count; i++) {
        struct catalog_item *item = &catalog->items[i];

        if (!item->name || strcmp(item->name, name) != 0)
            continue;
        if (count_items(catalog, item->digest) > 1) {
            remove_item(catalog, i);
            return;
        }
        free(item->name);
        free(item->pulled);
        item->name = item->pulled = NULL;
    }
}

void catalog_note_pull(struct catalog *catalog, const char *name, const char *now)
{
    for (size_t i = 0; i < catalog->count; i++) {
        struct catalog_item *item = &catalog->items[i];

        if (!item->name || strcmp(item->name, name) != 0)
            continue;
        free(item->pulled);
        item->pulled = alloc_text(now);
    }
}

void catalog_remove_digest(struct catalog *catalog, const char *digest)
{
    for (size_t i = catalog->count; i > 0; i--) {
        if (strcmp(catalog->items[i - 1].digest, digest) == 0)
            remove_item(catalog, i - 1);
    }
}

void catalog_add(struct catalog *catalog, const struct catalog_item *item)
{
    struct catalog_item copy = {
        .digest = alloc_text(item->digest),
        .name = alloc_text(item->name),
        .created = alloc_text(item->created),
        .size_bytes = item->size_bytes,
    };
    const struct catalog_item *same = catalog_find_digest(catalog, copy.digest);

    /* The image that is there keeps its time. */
    if (same && same->created) {
        free(copy.created);
        copy.created = alloc_text(same->created);
    }
    if (copy.name)
        catalog_remove_name(catalog, copy.name);
    for (size_t i = catalog->count; copy.name && i > 0; i--) {
        if (!catalog->items[i - 1].name && strcmp(catalog->items[i - 1].digest, copy.digest) == 0)
            remove_item(catalog, i - 1);
    }
    if (!copy.name && catalog_find_digest(catalog, copy.digest))
        item_done(&copy);
    else
        *ALLOC_APPEND(catalog->items, catalog->count) = copy;
}
