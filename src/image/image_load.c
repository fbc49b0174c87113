/* SPDX-License-Identifier: MIT */

/*
 * Images out of an archive
 */

#include "image/image_load.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/blob.h"
#include "image/catalog.h"
#include "image/docker_manifest.h"
#include "image/image_index.h"
#include "image/layer.h"
#include "image/manifest.h"
#include "image/prune.h"
#include "image/reference.h"
#include "image/session.h"
#include "image/spool.h"
#include "image/store.h"
#include "image/stream_reader.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/json.h"

/* Indexes in indexes: an image layout has one of names that lists some of platforms. */
#define INDEX_DEPTH_MAX 3U

struct loader {
    struct store *store;
    struct session *session;
    struct spool *spool;
    const struct image_progress *progress;
    struct image_index_platform platform;
    struct manifest *known; /* its layers are all those that images of the store have */
    struct image_load *out;
};

void image_load_done(struct image_load *load)
{
    for (size_t i = 0; i < load->count; i++) {
        free(load->images[i].id);
        strings_done(&load->images[i].names);
    }
    free(load->images);
    strings_done(&load->notes);
    *load = (struct image_load){ 0 };
}

/* A layer that the store has is not compressed again. */
static void collect_known(struct loader *loader)
{
    struct image **images = NULL;
    struct error ignored = { 0 };
    size_t count = 0;

    if (store_list_images(loader->store, &images, &count, &ignored) < 0)
        return;
    for (size_t i = 0; i < count; i++) {
        AUTO(manifest) struct manifest *manifest = NULL;
        struct error broken = { 0 };

        if (store_load_manifest(loader->store, images[i]->digest, &manifest, &broken) == 0) {
            for (size_t l = 0; l < manifest->layer_count; l++)
                manifest_add_layer(loader->known, &manifest->layers[l]);
        }
        image_free(images[i]);
    }
    free(images);
}

static void replace_layer(struct manifest_layer *layer, struct manifest_layer *with)
{
    manifest_layer_done(layer);
    *layer = *with;
    *with = (struct manifest_layer){ 0 };
}

static bool take_known(const struct loader *loader, struct manifest_layer *layer)
{
    for (size_t i = 0; i < loader->known->layer_count; i++) {
        const struct manifest_layer *known = &loader->known->layers[i];
        struct manifest_layer copy = { 0 };

        if (strcmp(known->diff_id, layer->diff_id) != 0 ||
            !blob_exists(store_get_folder(loader->store), known->digest))
            continue;
        copy.digest = alloc_text(known->digest);
        copy.diff_id = alloc_text(known->diff_id);
        copy.media_type = alloc_text(known->media_type);
        copy.size_bytes = known->size_bytes;
        replace_layer(layer, &copy);
        return true;
    }
    return false;
}

/* The media type of a layer that may stay as it is, by its first bytes; NULL: it may not. */
static const char *find_media_type(int fd)
{
    unsigned char head[4] = { 0 };

    if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head))
        return NULL;
    if (head[0] == 0x1f && head[1] == 0x8b)
        return MANIFEST_LAYER_GZIP;
    if (memcmp(head, "\x28\xb5\x2f\xfd", sizeof(head)) == 0)
        return MANIFEST_LAYER_ZSTD;
    return NULL;
}

static int keep_layer(struct loader *loader, const struct spool_file *file, const char *media_type,
                      struct manifest_layer *layer, struct error *err)
{
    struct manifest_layer kept = {
        .digest = alloc_format("sha256:%s", file->hex),
        .diff_id = alloc_text(layer->diff_id),
        .media_type = alloc_text(media_type),
        .size_bytes = file->size_bytes,
    };

    replace_layer(layer, &kept);
    return spool_commit(loader->spool, file, store_get_folder(loader->store), err);
}

static int compress_layer(struct loader *loader, int fd, const struct spool_file *file,
                          struct manifest_layer *layer, struct error *err)
{
    AUTO(stream_reader) struct stream_reader *reader = stream_reader_new(fd, LAYER_SIZE_MAX, err);
    const struct layer_source source = {
        .reader = reader,
        .progress = loader->progress,
        .what = layer->diff_id,
        .total_bytes = file->size_bytes,
    };
    struct manifest_layer made = { 0 };
    char hex[HASH_SHA256_HEX_SIZE];

    if (!reader || layer_save_stream(store_get_folder(loader->store), loader->session, &source,
                                     &made, err) < 0)
        return -1;
    if (stream_reader_finish(reader, hex, err) < 0 || strcmp(made.diff_id, layer->diff_id) != 0) {
        if (err->code == ERROR_NONE)
            error_set(err, ERROR_INVALID, "its digest is %s instead of %s", made.diff_id,
                      layer->diff_id);
        manifest_layer_done(&made);
        return -1;
    }
    replace_layer(layer, &made);
    return 0;
}

/* Bring a layer into the store; *changed becomes true when its digest there is another. */
static int take_layer(struct loader *loader, const char *path, struct manifest_layer *layer,
                      bool *changed, struct error *err)
{
    const struct spool_file *file = NULL;
    const char *media_type = NULL;
    AUTO_CLOSE int fd = -1;

    if (spool_get(loader->spool, path, &file, err) < 0)
        return -1;
    if (layer->digest && strcmp(layer->digest + strlen("sha256:"), file->hex) != 0)
        return error_set(err, ERROR_INVALID, "'%s' has digest sha256:%s instead", path, file->hex);
    fd = spool_open_file(loader->spool, file, err);
    if (fd < 0)
        return -1;
    media_type = find_media_type(fd);
    if (media_type)
        return keep_layer(loader, file, media_type, layer, err);
    *changed = true;
    /* A file that is what it should be was digested on its way here; another is looked into. */
    if (strcmp(file->hex, layer->diff_id + strlen("sha256:")) == 0 && take_known(loader, layer))
        return 0;
    if (compress_layer(loader, fd, file, layer, err) < 0)
        return error_wrap(err, "layer '%s'", path);
    manifest_add_layer(loader->known, layer);
    return 0;
}

static bool is_known(const struct loader *loader, const struct manifest_layer *layer)
{
    for (size_t i = 0; i < loader->known->layer_count; i++) {
        if (strcmp(loader->known->layers[i].digest, layer->digest) == 0 &&
            strcmp(loader->known->layers[i].diff_id, layer->diff_id) == 0)
            return true;
    }
    return false;
}

/* Unpacking checks a layer; one that is unpacked already, from another blob, is checked here. */
static int check_layers(const struct loader *loader, const struct manifest *manifest,
                        struct error *err)
{
    int store_fd = store_get_folder(loader->store);

    for (size_t i = 0; i < manifest->layer_count; i++) {
        const struct manifest_layer *layer = &manifest->layers[i];
        char chain[HASH_SHA256_HEX_SIZE];
        uint64_t size = 0;

        manifest_chain_id(manifest, i + 1, chain);
        if (!is_known(loader, layer) && layer_is_unpacked(store_fd, chain) &&
            layer_measure(store_fd, layer, loader->progress, &size, err) < 0)
            return error_wrap(err, "layer %s", layer->digest);
    }
    return 0;
}

static void add_names(struct loader *loader, const struct strings *from, struct strings *to)
{
    for (size_t i = 0; i < from->count; i++) {
        AUTO_FREE char *name = NULL;
        struct error refused = { 0 };

        if (reference_parse(from->items[i], &name, &refused) == 0)
            strings_add(to, name);
        else
            strings_take(&loader->out->notes,
                         alloc_format("left out a name: %.200s", refused.text));
    }
}

/* The layers are in the store; write the configuration, and the manifest as it is or anew. */
static int finish_image(struct loader *loader, struct manifest *manifest, const struct text *config,
                        const char *manifest_json, const struct strings *names, struct error *err)
{
    AUTO_FREE char *id = NULL;
    AUTO_FREE char *digest = NULL;
    AUTO_FREE char *json = manifest_json ? alloc_text(manifest_json)
                                         : manifest_format(manifest, manifest->id, config->length);
    struct strings kept = { 0 };
    struct image_loaded *loaded = NULL;
    int result = 0;

    if (check_layers(loader, manifest, err) < 0)
        return -1;
    add_names(loader, names, &kept);
    result =
        blob_write(store_get_folder(loader->store), text_get(config), config->length, &id, err);
    if (result == 0)
        result = store_add_image(loader->store, json, &kept, &digest, err);
    if (result < 0) {
        strings_done(&kept);
        return -1;
    }
    loaded = ALLOC_APPEND(loader->out->images, loader->out->count);
    loaded->id = STEAL_PTR(id);
    loaded->names = kept;
    return 0;
}

/* A small file of the layout, by its digest, which is checked. */
static int read_blob(struct loader *loader, const char *digest, struct text *out, struct error *err)
{
    AUTO_FREE char *path = alloc_format("blobs/sha256/%s", digest + strlen("sha256:"));
    const struct spool_file *file = NULL;

    if (spool_get(loader->spool, path, &file, err) < 0)
        return -1;
    if (strcmp(file->hex, digest + strlen("sha256:")) != 0)
        return error_set(err, ERROR_INVALID, "'%s' has digest sha256:%s instead", path, file->hex);
    return spool_read(loader->spool, file, MANIFEST_SIZE_MAX, out, err);
}

static int load_manifest(struct loader *loader, const char *digest, const struct strings *names,
                         struct error *err)
{
    AUTO_TEXT struct text json = { 0 };
    AUTO_TEXT struct text config = { 0 };
    AUTO(manifest) struct manifest *manifest = NULL;
    bool changed = false;

    if (read_blob(loader, digest, &json, err) < 0 || manifest_parse(&json, &manifest, err) < 0 ||
        read_blob(loader, manifest->id, &config, err) < 0 ||
        manifest_parse_config(manifest, &config, err) < 0)
        return -1;
    for (size_t i = 0; i < manifest->layer_count; i++) {
        AUTO_FREE char *path =
            alloc_format("blobs/sha256/%s", manifest->layers[i].digest + strlen("sha256:"));

        if (take_layer(loader, path, &manifest->layers[i], &changed, err) < 0)
            return -1;
    }
    return finish_image(loader, manifest, &config, changed ? NULL : text_get(&json), names, err);
}

static int load_item(struct loader *loader, const struct image_index_item *item,
                     const struct strings *names, unsigned depth, struct error *err)
{
    AUTO(image_index) struct image_index *index = NULL;
    AUTO_TEXT struct text json = { 0 };
    const struct image_index_item *chosen = NULL;

    if (!image_index_is_type(item->media_type))
        return load_manifest(loader, item->digest, names, err);
    if (depth >= INDEX_DEPTH_MAX)
        return error_set(err, ERROR_INVALID, "image indexes are nested deeper than %u",
                         INDEX_DEPTH_MAX);
    if (read_blob(loader, item->digest, &json, err) < 0 ||
        image_index_parse(&json, &index, err) < 0)
        return -1;
    chosen = image_index_find(index, &loader->platform);
    if (chosen)
        return load_item(loader, chosen, names, depth + 1, err);
    strings_take(&loader->out->notes,
                 alloc_format("left out %s, which is not for %s/%s",
                              names->count > 0 ? names->items[0] : item->digest,
                              loader->platform.os, loader->platform.architecture));
    return 0;
}

/* One that the store has already stays. */
static int take_record(struct loader *loader, const struct image_index_item *item,
                       const struct image_loaded *image, struct error *err)
{
    AUTO_FREE char *before = NULL;
    AUTO(json) struct json *record = NULL;

    if (store_find_record(loader->store, image->id, &before, err) < 0)
        return -1;
    if (before)
        return 0;
    record = json_parse(item->record, strlen(item->record), err);
    if (!record)
        return error_wrap(err, "metadata record");
    return store_save_record(loader->store, image->id, item->record, err);
}

static int load_named(struct loader *loader, const struct image_index_item *item,
                      const struct strings *names, struct error *err)
{
    size_t before = loader->out->count;

    if (load_item(loader, item, names, 0, err) < 0)
        return -1;
    if (!item->record || loader->out->count == before)
        return 0;
    return take_record(loader, item, &loader->out->images[before], err);
}

static bool is_first(const struct image_index *index, size_t place)
{
    for (size_t i = 0; i < place; i++) {
        if (strcmp(index->items[i].digest, index->items[place].digest) == 0)
            return false;
    }
    return true;
}

/* An image has one entry for each of its names. */
static int load_layout(struct loader *loader, const struct spool_file *file, struct error *err)
{
    AUTO_TEXT struct text json = { 0 };
    AUTO(image_index) struct image_index *index = NULL;

    if (spool_read(loader->spool, file, MANIFEST_SIZE_MAX, &json, err) < 0 ||
        image_index_parse(&json, &index, err) < 0)
        return -1;
    for (size_t i = 0; i < index->count; i++) {
        const struct image_index_item *item = &index->items[i];
        AUTO_STRINGS struct strings names = { 0 };

        if (!is_first(index, i))
            continue;
        for (size_t k = i; k < index->count; k++) {
            if (index->items[k].name && strcmp(index->items[k].digest, item->digest) == 0)
                strings_add(&names, index->items[k].name);
        }
        if (!image_index_is_for(item, &loader->platform)) {
            strings_take(&loader->out->notes,
                         alloc_format("left out %s, which is for %s/%s", item->digest, item->os,
                                      item->architecture));
            continue;
        }
        if (load_named(loader, item, &names, err) < 0)
            return error_wrap(err, "image %s", names.count > 0 ? names.items[0] : item->digest);
    }
    return 0;
}

/* The configuration's file has its digest as its name, with or without a suffix. */
static int check_config_name(const char *path, const char *hex, struct error *err)
{
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    size_t digits = strspn(name, "0123456789abcdef");

    if (digits != 64 || strncmp(name, hex, 64) == 0)
        return 0;
    return error_set(err, ERROR_INVALID, "'%s' has digest sha256:%s instead", path, hex);
}

static int load_docker_image(struct loader *loader, const struct docker_manifest_image *image,
                             struct error *err)
{
    AUTO(manifest) struct manifest *manifest = alloc_new(struct manifest);
    AUTO_TEXT struct text config = { 0 };
    const struct manifest_layer unknown = { 0 };
    const struct spool_file *file = NULL;
    bool changed = true;

    if (spool_get(loader->spool, image->config, &file, err) < 0 ||
        check_config_name(image->config, file->hex, err) < 0 ||
        spool_read(loader->spool, file, MANIFEST_SIZE_MAX, &config, err) < 0)
        return -1;
    manifest->id = alloc_format("sha256:%s", file->hex);
    for (size_t i = 0; i < image->layers.count; i++)
        manifest_add_layer(manifest, &unknown);
    if (manifest_parse_config(manifest, &config, err) < 0)
        return -1;
    for (size_t i = 0; i < image->layers.count; i++) {
        if (take_layer(loader, image->layers.items[i], &manifest->layers[i], &changed, err) < 0)
            return -1;
    }
    return finish_image(loader, manifest, &config, NULL, &image->names, err);
}

static int load_docker(struct loader *loader, const struct spool_file *file, struct error *err)
{
    AUTO_TEXT struct text json = { 0 };
    AUTO(docker_manifest) struct docker_manifest *manifest = NULL;

    if (spool_read(loader->spool, file, MANIFEST_SIZE_MAX, &json, err) < 0 ||
        docker_manifest_parse(&json, &manifest, err) < 0)
        return -1;
    for (size_t i = 0; i < manifest->count; i++) {
        const struct docker_manifest_image *image = &manifest->images[i];

        if (load_docker_image(loader, image, err) < 0)
            return error_wrap(err, "image %s",
                              image->names.count > 0 ? image->names.items[0] : image->config);
    }
    return 0;
}

static int load_all(struct loader *loader, struct error *err)
{
    const struct spool_file *index = NULL;
    const struct spool_file *manifest = NULL;

    if (spool_find(loader->spool, "index.json", &index, err) < 0 ||
        spool_find(loader->spool, "manifest.json", &manifest, err) < 0)
        return -1;
    if (!index && !manifest)
        return error_set(err, ERROR_INVALID,
                         "no archive of images: it has neither index.json nor manifest.json; the "
                         "archive of a root file system is for 'carte import'");
    collect_known(loader);
    if ((index ? load_layout(loader, index, err) : load_docker(loader, manifest, err)) < 0)
        return -1;
    if (loader->out->count == 0)
        return error_set(err, ERROR_NOT_FOUND, "the archive has no image for %s/%s",
                         loader->platform.os, loader->platform.architecture);
    return 0;
}

int image_load(struct store *store, int fd, const char *platform,
               const struct image_progress *progress, struct image_load *out, struct error *err)
{
    AUTO_CLOSE int lock = prune_lock(store_get_folder(store), false, err);
    AUTO(manifest) struct manifest *known = alloc_new(struct manifest);
    struct loader loader = { .store = store, .progress = progress, .known = known, .out = out };
    int result = -1;

    if (lock < 0 || image_index_parse_platform(platform, &loader.platform, err) < 0 ||
        store_begin(store, &loader.session, err) < 0)
        return -1;
    loader.spool = spool_open(fd, loader.session, progress, err);
    if (loader.spool)
        result = load_all(&loader, err);
    spool_free(loader.spool);
    return result;
}
