/* SPDX-License-Identifier: MIT */

/*
 * Cached steps on the way to another machine
 */

#include "build/cache_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/blob.h"
#include "image/image_index.h"
#include "image/layer.h"
#include "image/session.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/hash.h"
#include "util/json.h"
#include "util/strings.h"

#define INDEX_FILE "index.json"
#define EMPTY_TYPE "application/vnd.oci.empty.v1+json"
#define KEY_NOTE "carte.step.key"
#define DIFF_ID_NOTE "carte.step.diff-id"
#define LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"

static void step_done(struct cache_layout_step *step)
{
    free(step->key);
    manifest_layer_done(&step->layer);
}

void cache_layout_done(struct cache_layout *layout)
{
    for (size_t i = 0; i < layout->step_count; i++)
        step_done(&layout->steps[i]);
    free(layout->steps);
    free(layout->folder);
    if (layout->folder && layout->fd >= 0)
        close(layout->fd);
    *layout = (struct cache_layout){ .fd = -1 };
}

int cache_layout_parse_option(const char *text, const char *key, char **folder_out,
                              struct error *err)
{
    AUTO_FREE char *copy = alloc_text(text);
    AUTO_FREE char *folder = NULL;
    char *rest = copy;
    bool is_local = false;

    for (char *part = strsep(&rest, ","); part; part = strsep(&rest, ",")) {
        char *value = part + strcspn(part, "=");

        if (*value)
            *value++ = '\0';
        if (strcmp(part, key) == 0 && *value && !folder)
            folder = alloc_text(value);
        else if (strcmp(part, "type") == 0 && strcmp(value, "local") == 0)
            is_local = true;
        else if (strcmp(part, "mode") != 0 || strcmp(value, "max") != 0)
            return error_set(err, ERROR_INVALID,
                             "cache '%s': '%s' is not known here; write type=local,%s=FOLDER", text,
                             part, key);
    }
    if (!is_local || !folder)
        return error_set(err, ERROR_INVALID, "cache '%s': write type=local,%s=FOLDER", text, key);
    *folder_out = STEAL_PTR(folder);
    return 0;
}

static bool is_layer_type(const char *type)
{
    return strcmp(type, MANIFEST_LAYER_PLAIN) == 0 || strcmp(type, MANIFEST_LAYER_GZIP) == 0 ||
           strcmp(type, MANIFEST_LAYER_ZSTD) == 0;
}

static bool is_key(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static int parse_step(const struct json *json, struct cache_layout *out, struct error *err)
{
    const struct json *notes = json_find(json, "annotations");
    const char *key = json_find_text(notes, KEY_NOTE, "");
    const char *diff_id = json_find_text(notes, DIFF_ID_NOTE, "");
    const char *digest = json_find_text(json, "digest", "");
    const char *type = json_find_text(json, "mediaType", "");
    int64_t size = json_find_int(json, "size", -1);
    struct cache_layout_step *step = NULL;

    if (!is_key(key) || !blob_find_hex(digest) || !blob_find_hex(diff_id) || !is_layer_type(type) ||
        size < 0 || (uint64_t)size > LAYER_SIZE_MAX)
        return error_set(err, ERROR_INVALID,
                         "step %zu of the build cache lacks a key, a digest, a type or a size",
                         out->step_count + 1);
    step = ALLOC_APPEND(out->steps, out->step_count);
    step->key = alloc_text(key);
    step->layer.digest = alloc_text(digest);
    step->layer.diff_id = alloc_text(diff_id);
    step->layer.media_type = alloc_text(type);
    step->layer.size_bytes = (uint64_t)size;
    return 0;
}

int cache_layout_parse(const struct text *json, struct cache_layout *out, struct error *err)
{
    AUTO(json) struct json *manifest = json_parse(text_get(json), json->length, err);
    const struct json *layers = json_find(manifest, "layers");

    if (!manifest)
        return error_wrap(err, "build cache");
    if (strcmp(json_find_text(manifest, "artifactType", ""), CACHE_LAYOUT_TYPE) != 0)
        return error_set(err, ERROR_INVALID, "is no build cache: its artifactType is not '%s'",
                         CACHE_LAYOUT_TYPE);
    if (!json_is_array(layers) || json_count(layers) > CACHE_LAYOUT_STEPS_MAX)
        return error_set(err, ERROR_INVALID, "the build cache has no list of at most %u steps",
                         CACHE_LAYOUT_STEPS_MAX);
    for (const struct json *l = json_first(layers); l; l = json_next(l)) {
        if (parse_step(l, out, err) < 0)
            return -1;
    }
    return 0;
}

/* Whatever stands there: only a file is read. */
static int open_file(int folder, const char *path, uint64_t *size_out, struct error *err)
{
    AUTO_CLOSE int fd = openat(folder, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0)
        return error_set_errno(err, errno, "open '%s'", path);
    if (!S_ISREG(status.st_mode))
        return error_set(err, ERROR_INVALID, "'%s' is no file", path);
    *size_out = (uint64_t)status.st_size;
    return STEAL_FD(fd);
}

static int read_whole(int folder, const char *path, size_t limit, struct text *out,
                      struct error *err)
{
    uint64_t size = 0;
    AUTO_CLOSE int fd = open_file(folder, path, &size, err);

    return fd < 0 ? -1 : file_read_fd(fd, limit, out, err);
}

static int read_manifest(struct cache_layout *layout, struct error *err)
{
    AUTO(image_index) struct image_index *index = NULL;
    AUTO_TEXT struct text text = { 0 };
    AUTO_FREE char *path = NULL;
    const char *digest = NULL;
    char hex[HASH_SHA256_HEX_SIZE];

    if (read_whole(layout->fd, INDEX_FILE, MANIFEST_SIZE_MAX, &text, err) < 0 ||
        image_index_parse(&text, &index, err) < 0)
        return -1;
    if (index->count != 1)
        return error_set(err, ERROR_INVALID, "is no build cache: it has %zu manifests",
                         index->count);
    digest = index->items[0].digest;
    path = alloc_format("blobs/sha256/%s", blob_find_hex(digest));
    text_clear(&text);
    if (read_whole(layout->fd, path, MANIFEST_SIZE_MAX, &text, err) < 0)
        return -1;
    hash_sha256_hex_of(text_get(&text), text.length, hex);
    if (strcmp(hex, blob_find_hex(digest)) != 0)
        return error_set(err, ERROR_INVALID, "manifest %s is damaged", digest);
    return cache_layout_parse(&text, layout, err);
}

int cache_layout_open(const char *folder, struct cache_layout *out, struct error *err)
{
    __attribute__((cleanup(cache_layout_done))) struct cache_layout layout = {
        .folder = alloc_text(folder),
        .fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
    };

    if (layout.fd < 0 && errno != ENOENT)
        return error_set_errno(err, errno, "build cache '%s'", folder);
    if (layout.fd >= 0 && read_manifest(&layout, err) < 0)
        return error_wrap(err, "build cache '%s'", folder);
    *out = layout;
    layout = (struct cache_layout){ .fd = -1 };
    return 0;
}

const struct cache_layout_step *cache_layout_find(const struct cache_layout *layout,
                                                  const char *key_hex)
{
    for (size_t i = 0; i < layout->step_count; i++) {
        if (strcmp(layout->steps[i].key, key_hex) == 0)
            return &layout->steps[i];
    }
    return NULL;
}

void cache_layout_add(struct cache_layout *layout, const char *key_hex,
                      const struct manifest_layer *layer)
{
    struct cache_layout_step *step = NULL;

    if (cache_layout_find(layout, key_hex))
        return;
    step = ALLOC_APPEND(layout->steps, layout->step_count);
    step->key = alloc_text(key_hex);
    manifest_layer_copy(&step->layer, layer);
}

/* Copy what is to have this digest and size into the new file `to`. */
static int copy_checked(int from, int to, const struct manifest_layer *layer, struct error *err)
{
    struct hash_sha256 hash;
    char hex[HASH_SHA256_HEX_SIZE];
    char chunk[65536];
    uint64_t left = layer->size_bytes;
    ssize_t got = 1;

    hash_sha256_init(&hash);
    while (left > 0 && got != 0) {
        got = file_read_some(from, chunk, MIN(left, (uint64_t)sizeof(chunk)), err);
        if (got < 0)
            return error_wrap(err, "layer %s", layer->digest);
        hash_sha256_update(&hash, chunk, (size_t)got);
        if (file_write_all(to, chunk, (size_t)got, err) < 0)
            return -1;
        left -= (uint64_t)got;
    }
    hash_sha256_hex(&hash, hex);
    if (left > 0 || strcmp(hex, blob_find_hex(layer->digest)) != 0)
        return error_set(err, ERROR_INVALID, "layer %s is damaged", layer->digest);
    return 0;
}

/* From one folder with blobs to another, by way of the new file `name` of `scratch`. */
static int copy_blob(int from_fd, int to_fd, int scratch, const char *name,
                     const struct manifest_layer *layer, struct error *err)
{
    AUTO_FREE char *path = alloc_format("blobs/sha256/%s", blob_find_hex(layer->digest));
    uint64_t size = 0;
    AUTO_CLOSE int from = open_file(from_fd, path, &size, err);
    AUTO_CLOSE int to = -1;

    if (from < 0)
        return -1;
    if (size != layer->size_bytes)
        return error_set(err, ERROR_INVALID, "layer %s is damaged: it has another size",
                         layer->digest);
    to = openat(scratch, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (to < 0)
        return error_set_errno(err, errno, "make a file for layer %s", layer->digest);
    if (copy_checked(from, to, layer, err) < 0 ||
        blob_adopt(to_fd, scratch, name, to, layer->digest, err) < 0) {
        unlinkat(scratch, name, 0);
        return -1;
    }
    return 0;
}

int cache_layout_take(const struct cache_layout *layout, const struct manifest_layer *layer,
                      int store_fd, struct session *session, struct error *err)
{
    AUTO_FREE char *name = session_new_name(session, "blob");

    if (blob_exists(store_fd, layer->digest))
        return 0;
    if (copy_blob(layout->fd, store_fd, session->fd, name, layer, err) < 0)
        return error_wrap(err, "build cache '%s'", layout->folder);
    return 0;
}

static struct json *format_descriptor(const char *type, const char *digest, size_t size)
{
    struct json *json = json_new_object();

    json_set_text(json, "mediaType", type);
    json_set_text(json, "digest", digest);
    json_set_int(json, "size", (int64_t)size);
    return json;
}

static char *format_manifest(const struct cache_layout *steps, const char *empty)
{
    AUTO(json) struct json *json = json_new_object();
    struct json *layers = json_new_array();

    json_set_int(json, "schemaVersion", 2);
    json_set_text(json, "mediaType", MANIFEST_MEDIA_TYPE);
    json_set_text(json, "artifactType", CACHE_LAYOUT_TYPE);
    json_set(json, "config", format_descriptor(EMPTY_TYPE, empty, strlen("{}")));
    for (size_t i = 0; i < steps->step_count; i++) {
        const struct manifest_layer *layer = &steps->steps[i].layer;
        struct json *item = format_descriptor(layer->media_type, layer->digest, layer->size_bytes);
        struct json *notes = json_new_object();

        json_set_text(notes, KEY_NOTE, steps->steps[i].key);
        json_set_text(notes, DIFF_ID_NOTE, layer->diff_id);
        json_set(item, "annotations", notes);
        json_append(layers, item);
    }
    json_set(json, "layers", layers);
    return json_print(json, false);
}

static int write_index(int fd, const char *manifest, const char *digest, struct error *err)
{
    AUTO(json) struct json *json = json_new_object();
    struct json *manifests = json_new_array();
    struct json *item = format_descriptor(MANIFEST_MEDIA_TYPE, digest, strlen(manifest));
    AUTO_FREE char *text = NULL;

    json_set_text(item, "artifactType", CACHE_LAYOUT_TYPE);
    json_append(manifests, item);
    json_set_int(json, "schemaVersion", 2);
    json_set_text(json, "mediaType", MANIFEST_INDEX_TYPE);
    json_set(json, "manifests", manifests);
    text = json_print(json, true);
    if (blob_sync_names(fd, err) < 0 ||
        file_replace(fd, "oci-layout", LAYOUT, strlen(LAYOUT), FILE_DURABLE(0644), err) < 0)
        return -1;
    return file_replace(fd, INDEX_FILE, text, strlen(text), FILE_DURABLE(0644), err);
}

/* What the index does not lead to any more. */
static int remove_others(int fd, const struct strings *keep, struct error *err)
{
    AUTO_CLOSE int blobs = openat(fd, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_STRINGS struct strings names = { 0 };

    if (blobs < 0)
        return error_set_errno(err, errno, "open the blobs");
    if (file_list(blobs, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        if (!strings_has(keep, names.items[i]) && is_key(names.items[i]))
            unlinkat(blobs, names.items[i], 0);
    }
    return 0;
}

static int write_layers(const struct cache_layout *steps, int fd, int store_fd,
                        struct strings *keep, struct error *err)
{
    AUTO_FREE char *name = alloc_format(".blob.%d.tmp", (int)getpid());

    for (size_t i = 0; i < steps->step_count; i++) {
        const struct manifest_layer *layer = &steps->steps[i].layer;

        strings_add(keep, blob_find_hex(layer->digest));
        if (!blob_exists(fd, layer->digest) && copy_blob(store_fd, fd, fd, name, layer, err) < 0)
            return -1;
    }
    return 0;
}

static int write_all(const struct cache_layout *steps, int fd, int store_fd, struct error *err)
{
    AUTO_STRINGS struct strings keep = { 0 };
    AUTO_FREE char *empty = NULL;
    AUTO_FREE char *manifest = NULL;
    AUTO_FREE char *digest = NULL;

    if ((mkdirat(fd, "blobs", 0755) < 0 && errno != EEXIST) ||
        (mkdirat(fd, "blobs/sha256", 0755) < 0 && errno != EEXIST))
        return error_set_errno(err, errno, "make the folder of the blobs");
    if (write_layers(steps, fd, store_fd, &keep, err) < 0 ||
        blob_write(fd, "{}", strlen("{}"), &empty, err) < 0)
        return -1;
    manifest = format_manifest(steps, empty);
    if (blob_write(fd, manifest, strlen(manifest), &digest, err) < 0 ||
        write_index(fd, manifest, digest, err) < 0)
        return -1;
    strings_add(&keep, blob_find_hex(empty));
    strings_add(&keep, blob_find_hex(digest));
    return remove_others(fd, &keep, err);
}

int cache_layout_write(const struct cache_layout *steps, const char *folder, int store_fd,
                       struct error *err)
{
    __attribute__((cleanup(cache_layout_done))) struct cache_layout before = { .fd = -1 };
    AUTO_CLOSE int fd = -1;
    struct error other = { 0 };

    if (file_make_folders(folder, 0755, err) < 0)
        return -1;
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, errno, "build cache '%s'", folder);
    if (file_exists(fd, INDEX_FILE) && cache_layout_open(folder, &before, &other) < 0)
        return error_set(err, ERROR_EXISTS, "%.400s; nothing was written: choose another folder",
                         other.text);
    if (write_all(steps, fd, store_fd, err) < 0)
        return error_wrap(err, "build cache '%s'", folder);
    return 0;
}
