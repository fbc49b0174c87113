/* SPDX-License-Identifier: MIT */

/*
 * Manifests: the list of an image's parts
 */

#include "image/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "image/config_json.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/json.h"

#define DOCKER_MEDIA_TYPE "application/vnd.docker.distribution.manifest.v2+json"

void manifest_layer_done(struct manifest_layer *layer)
{
    free(layer->digest);
    free(layer->media_type);
    free(layer->diff_id);
    *layer = (struct manifest_layer){ 0 };
}

void manifest_free(struct manifest *manifest)
{
    if (!manifest)
        return;
    free(manifest->digest);
    free(manifest->id);
    free(manifest->created);
    free(manifest->architecture);
    free(manifest->author);
    image_config_done(&manifest->config);
    for (size_t i = 0; i < manifest->layer_count; i++)
        manifest_layer_done(&manifest->layers[i]);
    free(manifest->layers);
    for (size_t i = 0; i < manifest->history_count; i++) {
        free(manifest->history[i].created_by);
        free(manifest->history[i].comment);
        free(manifest->history[i].author);
    }
    free(manifest->history);
    free(manifest);
}

void manifest_layer_copy(struct manifest_layer *to, const struct manifest_layer *from)
{
    *to = (struct manifest_layer){
        .digest = alloc_text(from->digest),
        .media_type = alloc_text(from->media_type),
        .diff_id = alloc_text(from->diff_id),
        .size_bytes = from->size_bytes,
    };
}

void manifest_add_layer(struct manifest *manifest, const struct manifest_layer *layer)
{
    manifest_layer_copy(ALLOC_APPEND(manifest->layers, manifest->layer_count), layer);
}

struct manifest_history *manifest_add_history(struct manifest *manifest, const char *created_by,
                                              bool empty)
{
    struct manifest_history *entry = ALLOC_APPEND(manifest->history, manifest->history_count);

    entry->created_by = alloc_text(created_by);
    entry->empty = empty;
    return entry;
}

struct manifest *manifest_copy(const struct manifest *manifest)
{
    struct manifest *copy = alloc_new(struct manifest);

    copy->digest = alloc_text(manifest->digest);
    copy->id = alloc_text(manifest->id);
    copy->created = alloc_text(manifest->created);
    copy->architecture = alloc_text(manifest->architecture);
    copy->author = alloc_text(manifest->author);
    image_config_copy(&copy->config, &manifest->config);
    for (size_t i = 0; i < manifest->layer_count; i++)
        manifest_add_layer(copy, &manifest->layers[i]);
    for (size_t i = 0; i < manifest->history_count; i++) {
        const struct manifest_history *from = &manifest->history[i];
        struct manifest_history *to = manifest_add_history(copy, from->created_by, from->empty);

        to->comment = alloc_text(from->comment);
        to->author = alloc_text(from->author);
    }
    return copy;
}

void manifest_chain_id(const struct manifest *manifest, size_t count,
                       char out[HASH_SHA256_HEX_SIZE])
{
    memset(out, '0', HASH_SHA256_HEX_SIZE - 1);
    out[HASH_SHA256_HEX_SIZE - 1] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *diff_id = manifest->layers[i].diff_id;
        AUTO_FREE char *pair = alloc_format("sha256:%s %s", out, diff_id);

        if (i == 0)
            memcpy(out, diff_id + strlen("sha256:"), HASH_SHA256_HEX_SIZE);
        else
            hash_sha256_hex_of(pair, strlen(pair), out);
    }
}

static struct json *format_descriptor(const char *media_type, const char *digest, uint64_t size)
{
    struct json *descriptor = json_new_object();

    json_set_text(descriptor, "mediaType", media_type);
    json_set_text(descriptor, "digest", digest);
    json_set_int(descriptor, "size", (int64_t)size);
    return descriptor;
}

char *manifest_format(const struct manifest *manifest, const char *config_digest,
                      size_t config_size)
{
    AUTO(json) struct json *json = json_new_object();
    struct json *layers = json_new_array();

    json_set_int(json, "schemaVersion", 2);
    json_set_text(json, "mediaType", MANIFEST_MEDIA_TYPE);
    json_set(json, "config", format_descriptor(MANIFEST_CONFIG_TYPE, config_digest, config_size));
    for (size_t i = 0; i < manifest->layer_count; i++) {
        const struct manifest_layer *layer = &manifest->layers[i];

        json_append(layers, format_descriptor(layer->media_type, layer->digest, layer->size_bytes));
    }
    json_set(json, "layers", layers);
    return json_print(json, false);
}

static bool is_digest(const char *text)
{
    return strncmp(text, "sha256:", 7) == 0 && strlen(text) == 7 + 64 &&
           strspn(text + 7, "0123456789abcdef") == 64;
}

static int parse_layers(struct manifest *manifest, const struct json *layers, struct error *err)
{
    if (!json_is_array(layers) || json_count(layers) > MANIFEST_LAYERS_MAX)
        return error_set(err, ERROR_INVALID, "manifest: 'layers' is no list of at most %u",
                         MANIFEST_LAYERS_MAX);
    for (const struct json *l = json_first(layers); l; l = json_next(l)) {
        struct manifest_layer *layer = ALLOC_APPEND(manifest->layers, manifest->layer_count);
        int64_t size = json_find_int(l, "size", -1);

        layer->digest = alloc_text(json_find_text(l, "digest", ""));
        layer->media_type = alloc_text(json_find_text(l, "mediaType", ""));
        if (!is_digest(layer->digest) || size < 0)
            return error_set(err, ERROR_INVALID, "manifest: layer %zu has no sha256 digest or size",
                             manifest->layer_count);
        layer->size_bytes = (uint64_t)size;
    }
    return 0;
}

bool manifest_is_type(const char *media_type)
{
    return text_equal(media_type, MANIFEST_MEDIA_TYPE) || text_equal(media_type, DOCKER_MEDIA_TYPE);
}

int manifest_parse(const struct text *json, struct manifest **out, struct error *err)
{
    AUTO(json) struct json *root = json_parse(text_get(json), json->length, err);
    AUTO(manifest) struct manifest *manifest = alloc_new(struct manifest);
    const char *type = NULL;

    if (!root)
        return error_wrap(err, "manifest");
    type = json_find_text(root, "mediaType", MANIFEST_MEDIA_TYPE);
    if (!manifest_is_type(type))
        return error_set(err, ERROR_UNSUPPORTED, "manifest of type '%s'", type);
    manifest->id = alloc_text(json_find_text(json_find(root, "config"), "digest", ""));
    if (!is_digest(manifest->id))
        return error_set(err, ERROR_INVALID, "manifest: 'config' has no sha256 digest");
    if (parse_layers(manifest, json_find(root, "layers"), err) < 0)
        return -1;
    *out = STEAL_PTR(manifest);
    return 0;
}

char *manifest_format_config(const struct manifest *manifest)
{
    AUTO(json) struct json *json = json_new_object();
    struct json *rootfs = json_new_object();
    struct json *diff_ids = json_new_array();
    struct json *history = json_new_array();

    json_set_text(json, "created", manifest->created);
    if (manifest->author)
        json_set_text(json, "author", manifest->author);
    json_set_text(json, "architecture",
                  manifest->architecture ? manifest->architecture : config_json_architecture());
    json_set_text(json, "os", "linux");
    json_set(json, "config", config_json_format(&manifest->config));
    json_set_text(rootfs, "type", "layers");
    for (size_t i = 0; i < manifest->layer_count; i++)
        json_append_text(diff_ids, manifest->layers[i].diff_id);
    json_set(rootfs, "diff_ids", diff_ids);
    json_set(json, "rootfs", rootfs);
    for (size_t i = 0; i < manifest->history_count; i++) {
        struct json *entry = json_new_object();

        json_set_text(entry, "created", manifest->created);
        json_set_text(entry, "created_by", manifest->history[i].created_by);
        if (manifest->history[i].author)
            json_set_text(entry, "author", manifest->history[i].author);
        if (manifest->history[i].comment)
            json_set_text(entry, "comment", manifest->history[i].comment);
        if (manifest->history[i].empty)
            json_set_bool(entry, "empty_layer", true);
        json_append(history, entry);
    }
    json_set(json, "history", history);
    return json_print(json, false);
}

static int parse_diff_ids(struct manifest *manifest, const struct json *diff_ids, struct error *err)
{
    size_t i = 0;

    if (json_count(diff_ids) != manifest->layer_count)
        return error_set(err, ERROR_INVALID, "configuration: %zu diff_ids for %zu layers",
                         json_count(diff_ids), manifest->layer_count);
    for (const struct json *d = json_first(diff_ids); d; d = json_next(d)) {
        const char *diff_id = json_get_text(d, "");

        if (!is_digest(diff_id))
            return error_set(err, ERROR_INVALID, "configuration: '%s' is no sha256 digest",
                             diff_id);
        free(manifest->layers[i].diff_id);
        manifest->layers[i++].diff_id = alloc_text(diff_id);
    }
    return 0;
}

int manifest_parse_config(struct manifest *manifest, const struct text *json, struct error *err)
{
    AUTO(json) struct json *root = json_parse(text_get(json), json->length, err);
    const struct json *history = NULL;

    if (!root)
        return error_wrap(err, "configuration");
    if (parse_diff_ids(manifest, json_find(json_find(root, "rootfs"), "diff_ids"), err) < 0)
        return -1;
    manifest->created = alloc_text(json_find_text(root, "created", "1970-01-01T00:00:00Z"));
    manifest->architecture = alloc_text(json_find_text(root, "architecture", NULL));
    config_json_parse(json_find(root, "config"), &manifest->config);
    history = json_find(root, "history");
    manifest->author = alloc_text(json_find_text(root, "author", NULL));
    for (const struct json *h = json_first(history); h; h = json_next(h)) {
        struct manifest_history *entry = manifest_add_history(
            manifest, json_find_text(h, "created_by", ""), json_find_bool(h, "empty_layer", false));

        entry->comment = alloc_text(json_find_text(h, "comment", NULL));
        entry->author = alloc_text(json_find_text(h, "author", NULL));
    }
    return 0;
}
