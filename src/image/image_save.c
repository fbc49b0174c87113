/* SPDX-License-Identifier: MIT */

/*
 * Images into one archive
 *
 * A tar entry begins with its size, so layers that are to be uncompressed are read twice: first
 * to be checked and measured, then to be written.
 */

#include "image/image_save.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "image/blob.h"
#include "image/docker_manifest.h"
#include "image/image_index.h"
#include "image/layer.h"
#include "image/manifest.h"
#include "image/prune.h"
#include "image/reference.h"
#include "image/store.h"
#include "image/stream_reader.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/hash.h"
#include "util/json.h"

#define CHUNK_SIZE 65536U

/* A file of the archive below blobs/sha256. */
struct part {
    char *digest; /* under which it stands there */
    char *text;   /* its content, or NULL: a layer */
    char *source; /* digest of the layer's blob in the store */
    uint64_t size_bytes;
};

/* An image and the names that it was asked for by. */
struct wanted {
    struct manifest *manifest;
    struct strings names;
    char *json; /* the manifest of the archive */
    char *digest;
    char *config;
    char *record; /* of the short form; NULL: none */
};

struct saver {
    struct store *store;
    int store_fd;
    enum image_save_format format;
    const struct image_progress *progress;
    struct archive *archive;
    struct wanted *wanted;
    size_t wanted_count;
    struct part *parts;
    size_t part_count;
};

static void saver_done(struct saver *saver)
{
    for (size_t i = 0; i < saver->wanted_count; i++) {
        manifest_free(saver->wanted[i].manifest);
        strings_done(&saver->wanted[i].names);
        free(saver->wanted[i].json);
        free(saver->wanted[i].digest);
        free(saver->wanted[i].config);
        free(saver->wanted[i].record);
    }
    free(saver->wanted);
    for (size_t i = 0; i < saver->part_count; i++) {
        free(saver->parts[i].digest);
        free(saver->parts[i].text);
        free(saver->parts[i].source);
    }
    free(saver->parts);
    archive_write_free(saver->archive);
}

static struct part *find_part(const struct saver *saver, const char *digest)
{
    for (size_t i = 0; i < saver->part_count; i++) {
        if (strcmp(saver->parts[i].digest, digest) == 0)
            return &saver->parts[i];
    }
    return NULL;
}

static void add_text(struct saver *saver, const char *digest, const char *content)
{
    struct part *part = NULL;

    if (find_part(saver, digest))
        return;
    part = ALLOC_APPEND(saver->parts, saver->part_count);
    part->digest = alloc_text(digest);
    part->text = alloc_text(content);
    part->size_bytes = strlen(content);
}

static int add_layer(struct saver *saver, struct manifest_layer *layer, struct error *err)
{
    bool is_plain = saver->format == IMAGE_SAVE_DOCKER;
    const struct part *same = find_part(saver, is_plain ? layer->diff_id : layer->digest);
    uint64_t size = same ? same->size_bytes : layer->size_bytes;
    struct part *part = NULL;

    if (!same) {
        if (is_plain && layer_measure(saver->store_fd, layer, saver->progress, &size, err) < 0)
            return error_wrap(err, "layer %s", layer->digest);
        part = ALLOC_APPEND(saver->parts, saver->part_count);
        part->digest = alloc_text(is_plain ? layer->diff_id : layer->digest);
        part->source = alloc_text(layer->digest);
        part->size_bytes = size;
    }
    if (!is_plain)
        return 0;
    free(layer->digest);
    free(layer->media_type);
    layer->digest = alloc_text(layer->diff_id);
    layer->media_type = alloc_text(MANIFEST_LAYER_PLAIN);
    layer->size_bytes = size;
    return 0;
}

static int add_image(struct saver *saver, struct wanted *wanted, struct error *err)
{
    struct manifest *manifest = wanted->manifest;
    AUTO_TEXT struct text config = { 0 };
    AUTO_TEXT struct text json = { 0 };
    char hex[HASH_SHA256_HEX_SIZE];

    if (blob_read(saver->store_fd, manifest->id, MANIFEST_SIZE_MAX, &config, err) < 0 ||
        blob_read(saver->store_fd, manifest->digest, MANIFEST_SIZE_MAX, &json, err) < 0)
        return -1;
    for (size_t i = 0; i < manifest->layer_count; i++) {
        if (add_layer(saver, &manifest->layers[i], err) < 0)
            return -1;
    }
    wanted->json = saver->format == IMAGE_SAVE_DOCKER
                       ? manifest_format(manifest, manifest->id, config.length)
                       : text_steal(&json);
    hash_sha256_hex_of(wanted->json, strlen(wanted->json), hex);
    wanted->digest = alloc_format("sha256:%s", hex);
    wanted->config = alloc_format("blobs/sha256/%s", manifest->id + strlen("sha256:"));
    add_text(saver, manifest->id, text_get(&config));
    add_text(saver, wanted->digest, wanted->json);
    return store_find_record(saver->store, manifest->id, &wanted->record, err);
}

/* An image is in the archive once, with each of the names it was asked for by. */
static int want(struct saver *saver, const char *reference, struct error *err)
{
    AUTO(image) struct image *image = NULL;
    AUTO_FREE char *name = NULL;
    struct error no_name = { 0 };
    struct wanted *wanted = NULL;

    if (store_find_image(saver->store, reference, &image, err) < 0)
        return -1;
    if (!image)
        return error_set(err, ERROR_NOT_FOUND, "no such image: '%s'; 'carte images' lists them",
                         reference);
    for (size_t i = 0; i < saver->wanted_count && !wanted; i++) {
        if (strcmp(saver->wanted[i].manifest->digest, image->digest) == 0)
            wanted = &saver->wanted[i];
    }
    if (!wanted) {
        wanted = ALLOC_APPEND(saver->wanted, saver->wanted_count);
        if (store_load_manifest(saver->store, image->digest, &wanted->manifest, err) < 0) {
            saver->wanted_count--;
            return -1;
        }
    }
    /* A name with a digest is no tag, and one that is an id's beginning is none at all. */
    if (reference_parse(reference, &name, &no_name) == 0 && !strchr(name, '@') &&
        strings_has(&image->names, name) && !strings_has(&wanted->names, name))
        strings_add(&wanted->names, name);
    return 0;
}

static struct json *format_annotations(const struct wanted *wanted, const char *name)
{
    struct json *notes = json_new_object();

    if (name) {
        AUTO_FREE char *full = reference_full_name(name);

        json_set_text(notes, "io.containerd.image.name", full);
        json_set_text(notes, "org.opencontainers.image.ref.name", name);
    }
    if (wanted->record)
        json_set_text(notes, IMAGE_INDEX_RECORD_KEY, wanted->record);
    return notes;
}

static struct json *format_descriptor(const struct wanted *wanted, const char *name)
{
    struct json *json = json_new_object();

    json_set_text(json, "mediaType", MANIFEST_MEDIA_TYPE);
    json_set_text(json, "digest", wanted->digest);
    json_set_int(json, "size", (int64_t)strlen(wanted->json));
    if (name || wanted->record)
        json_set(json, "annotations", format_annotations(wanted, name));
    return json;
}

static char *format_index(const struct saver *saver)
{
    AUTO(json) struct json *json = json_new_object();
    struct json *manifests = json_new_array();

    json_set_int(json, "schemaVersion", 2);
    json_set_text(json, "mediaType", MANIFEST_INDEX_TYPE);
    for (size_t i = 0; i < saver->wanted_count; i++) {
        const struct wanted *wanted = &saver->wanted[i];

        for (size_t n = 0; n < wanted->names.count; n++)
            json_append(manifests, format_descriptor(wanted, wanted->names.items[n]));
        if (wanted->names.count == 0)
            json_append(manifests, format_descriptor(wanted, NULL));
    }
    json_set(json, "manifests", manifests);
    return json_print(json, false);
}

static char *format_docker_manifest(const struct saver *saver)
{
    AUTO(docker_manifest) struct docker_manifest *list = alloc_new(struct docker_manifest);

    for (size_t i = 0; i < saver->wanted_count; i++) {
        const struct wanted *wanted = &saver->wanted[i];
        struct docker_manifest_image *image = ALLOC_APPEND(list->images, list->count);

        image->config = alloc_text(wanted->config);
        strings_copy(&image->names, &wanted->names);
        for (size_t l = 0; l < wanted->manifest->layer_count; l++)
            strings_take(&image->layers,
                         alloc_format("blobs/sha256/%s",
                                      wanted->manifest->layers[l].digest + strlen("sha256:")));
    }
    return docker_manifest_format(list);
}

static int archive_failed(const struct saver *saver, struct error *err)
{
    return error_set(err, ERROR_SYSTEM, "write the archive: %s",
                     archive_error_string(saver->archive));
}

static int write_header(const struct saver *saver, const char *path, uint64_t size,
                        struct error *err)
{
    struct archive_entry *entry = archive_entry_new();
    int status = 0;

    archive_entry_set_pathname(entry, path);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, (la_int64_t)size);
    archive_entry_set_mtime(entry, 0, 0);
    status = archive_write_header(saver->archive, entry);
    archive_entry_free(entry);
    return status == ARCHIVE_OK ? 0 : archive_failed(saver, err);
}

static int write_data(const struct saver *saver, const void *data, size_t length, struct error *err)
{
    for (const char *p = data; length > 0;) {
        la_ssize_t put = archive_write_data(saver->archive, p, length);

        if (put <= 0)
            return archive_failed(saver, err);
        p += put;
        length -= (size_t)put;
    }
    return 0;
}

static int write_text(const struct saver *saver, const char *path, const char *text,
                      struct error *err)
{
    if (write_header(saver, path, strlen(text), err) < 0)
        return -1;
    return write_data(saver, text, strlen(text), err);
}

/* The bytes of a blob, as they are or without compression. */
static int write_blob(const struct saver *saver, const struct part *part, int fd, struct error *err)
{
    AUTO(stream_reader) struct stream_reader *reader = NULL;
    bool is_plain = saver->format == IMAGE_SAVE_DOCKER;
    struct hash_sha256 hash;
    char hex[HASH_SHA256_HEX_SIZE];
    AUTO_FREE char *chunk = alloc_zeroed(1, CHUNK_SIZE);
    const void *data = chunk;
    uint64_t done = 0;

    reader = is_plain ? stream_reader_new(fd, part->size_bytes, err) : NULL;
    if (is_plain && !reader)
        return -1;
    hash_sha256_init(&hash);
    for (;;) {
        ssize_t got = reader ? stream_reader_next(reader, &data, err)
                             : file_read_some(fd, chunk, CHUNK_SIZE, err);

        if (got < 0)
            return error_wrap(err, "blob %s", part->source);
        if (got == 0)
            break;
        hash_sha256_update(&hash, data, (size_t)got);
        if (write_data(saver, data, (size_t)got, err) < 0)
            return -1;
        done += (uint64_t)got;
        image_progress_tell(saver->progress, part->digest, done, part->size_bytes);
    }
    hash_sha256_hex(&hash, hex);
    if (strcmp(hex, part->digest + strlen("sha256:")) != 0)
        return error_set(err, ERROR_INVALID, "blob %s is damaged: build or pull the image again",
                         part->source);
    return 0;
}

static int write_part(const struct saver *saver, const struct part *part, struct error *err)
{
    AUTO_FREE char *path = alloc_format("blobs/sha256/%s", part->digest + strlen("sha256:"));
    AUTO_CLOSE int fd = -1;

    if (part->text)
        return write_text(saver, path, part->text, err);
    fd = blob_open(saver->store_fd, part->source, err);
    if (fd < 0 || write_header(saver, path, part->size_bytes, err) < 0)
        return -1;
    return write_blob(saver, part, fd, err);
}

static int compare_parts(const void *a, const void *b)
{
    const struct part *one = a;
    const struct part *two = b;

    return strcmp(one->digest, two->digest);
}

static int write_all(struct saver *saver, int fd, struct error *err)
{
    AUTO_FREE char *index = format_index(saver);

    /* The padding at the end must not depend on what kind of file it is. */
    if (archive_write_set_format_pax_restricted(saver->archive) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(saver->archive, 1) != ARCHIVE_OK ||
        archive_write_open_fd(saver->archive, fd) != ARCHIVE_OK)
        return archive_failed(saver, err);
    if (write_text(saver, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}", err) < 0 ||
        write_text(saver, "index.json", index, err) < 0)
        return -1;
    if (saver->format == IMAGE_SAVE_DOCKER) {
        AUTO_FREE char *manifest = format_docker_manifest(saver);

        if (write_text(saver, "manifest.json", manifest, err) < 0)
            return -1;
    }
    if (saver->part_count > 1)
        qsort(saver->parts, saver->part_count, sizeof(*saver->parts), compare_parts);
    for (size_t i = 0; i < saver->part_count; i++) {
        if (write_part(saver, &saver->parts[i], err) < 0)
            return -1;
    }
    return archive_write_close(saver->archive) == ARCHIVE_OK ? 0 : archive_failed(saver, err);
}

int image_save(struct store *store, const struct strings *references, enum image_save_format format,
               int fd, const struct image_progress *progress, struct error *err)
{
    __attribute__((cleanup(saver_done))) struct saver saver = {
        .store = store,
        .store_fd = store_get_folder(store),
        .format = format,
        .progress = progress,
        .archive = archive_write_new(),
    };
    AUTO_CLOSE int lock = prune_lock(saver.store_fd, false, err);

    if (lock < 0)
        return -1;
    for (size_t i = 0; i < references->count; i++) {
        if (want(&saver, references->items[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; i < saver.wanted_count; i++) {
        if (add_image(&saver, &saver.wanted[i], err) < 0)
            return -1;
    }
    return write_all(&saver, fd, err);
}
