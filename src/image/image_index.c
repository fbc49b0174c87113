/* SPDX-License-Identifier: MIT */

/*
 * Image indexes
 */

#include "image/image_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/blob.h"
#include "image/config_json.h"
#include "image/manifest.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/json.h"

#define DOCKER_LIST_TYPE "application/vnd.docker.distribution.manifest.list.v2+json"

static void item_done(struct image_index_item *item)
{
    free(item->digest);
    free(item->media_type);
    free(item->name);
    free(item->record);
    free(item->os);
    free(item->architecture);
    free(item->variant);
}

void image_index_free(struct image_index *index)
{
    if (!index)
        return;
    for (size_t i = 0; i < index->count; i++)
        item_done(&index->items[i]);
    free(index->items);
    free(index);
}

bool image_index_is_type(const char *media_type)
{
    return text_equal(media_type, MANIFEST_INDEX_TYPE) || text_equal(media_type, DOCKER_LIST_TYPE);
}

/* Containerd's annotation is the whole name; OCI's own may be no more than a tag. */
static const char *find_name(const struct json *annotations)
{
    const char *name = json_find_text(annotations, "io.containerd.image.name", NULL);

    return name ? name : json_find_text(annotations, "org.opencontainers.image.ref.name", NULL);
}

static int parse_item(const struct json *json, struct image_index *index, struct error *err)
{
    const struct json *platform = json_find(json, "platform");
    const struct json *notes = json_find(json, "annotations");
    const char *digest = json_find_text(json, "digest", NULL);
    int64_t size = json_find_int(json, "size", -1);
    struct image_index_item *item = NULL;

    if (!blob_find_hex(digest) || size < 0)
        return error_set(err, ERROR_INVALID, "image index: an entry has no sha256 digest or size");
    if (strcmp(json_find_text(platform, "os", ""), "unknown") == 0)
        return 0;
    item = ALLOC_APPEND(index->items, index->count);
    item->digest = alloc_text(digest);
    item->media_type = alloc_text(json_find_text(json, "mediaType", MANIFEST_MEDIA_TYPE));
    item->size_bytes = (uint64_t)size;
    item->name = alloc_text(find_name(notes));
    item->record = alloc_text(json_find_text(notes, IMAGE_INDEX_RECORD_KEY, NULL));
    item->os = alloc_text(json_find_text(platform, "os", NULL));
    item->architecture = alloc_text(json_find_text(platform, "architecture", NULL));
    item->variant = alloc_text(json_find_text(platform, "variant", NULL));
    return 0;
}

int image_index_parse(const struct text *json, struct image_index **out, struct error *err)
{
    AUTO(json) struct json *root = json_parse(text_get(json), json->length, err);
    AUTO(image_index) struct image_index *index = alloc_new(struct image_index);
    const struct json *manifests = json_find(root, "manifests");
    const char *type = json_find_text(root, "mediaType", MANIFEST_INDEX_TYPE);

    if (!root)
        return error_wrap(err, "image index");
    if (!image_index_is_type(type))
        return error_set(err, ERROR_INVALID, "'%.80s' is no type of an image index", type);
    if (!json_is_array(manifests) || json_count(manifests) > IMAGE_INDEX_ITEMS_MAX)
        return error_set(err, ERROR_INVALID, "image index: 'manifests' is no list of at most %u",
                         IMAGE_INDEX_ITEMS_MAX);
    for (const struct json *m = json_first(manifests); m; m = json_next(m)) {
        if (parse_item(m, index, err) < 0)
            return -1;
    }
    *out = STEAL_PTR(index);
    return 0;
}

static const char *architecture_name(const char *word)
{
    static const char *const aliases[][2] = {
        { "x86_64", "amd64" }, { "x86-64", "amd64" }, { "aarch64", "arm64" }, { "armhf", "arm" }
    };

    for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
        if (strcmp(word, aliases[i][0]) == 0)
            return aliases[i][1];
    }
    return word;
}

int image_index_parse_platform(const char *text, struct image_index_platform *out,
                               struct error *err)
{
    struct image_index_platform platform = { .os = "linux" };
    char words[3][32] = { "", "", "" };
    size_t count = 0;

    for (const char *p = text_is_empty(text) ? "linux" : text; count < 3; count++) {
        size_t length = strcspn(p, "/");

        if (length == 0 || length >= sizeof(words[0]) || (count == 2 && p[length]))
            return error_set(err, ERROR_INVALID,
                             "'%s' is no platform: write linux/amd64 or linux/arm64/v8", text);
        memcpy(words[count], p, length);
        if (!p[length])
            break;
        p += length + 1;
    }
    if (count == 0 && strcmp(words[0], "linux") != 0)
        snprintf(platform.architecture, sizeof(platform.architecture), "%s",
                 architecture_name(words[0]));
    else
        snprintf(platform.os, sizeof(platform.os), "%s", words[0]);
    if (count > 0)
        snprintf(platform.architecture, sizeof(platform.architecture), "%s",
                 architecture_name(words[1]));
    if (!*platform.architecture)
        snprintf(platform.architecture, sizeof(platform.architecture), "%s",
                 config_json_architecture());
    snprintf(platform.variant, sizeof(platform.variant), "%s", words[2]);
    *out = platform;
    return 0;
}

static bool has_variant(const struct image_index_item *item,
                        const struct image_index_platform *platform)
{
    return *platform->variant ? text_equal(item->variant, platform->variant)
                              : text_is_empty(item->variant);
}

bool image_index_is_for(const struct image_index_item *item,
                        const struct image_index_platform *platform)
{
    if (!item->os && !item->architecture)
        return true;
    /* All 64-bit ARM is v8, whether an entry says so or not. */
    if (*platform->variant && item->variant && strcmp(platform->variant, item->variant) != 0)
        return false;
    return text_equal(item->os, platform->os) &&
           text_equal(item->architecture, platform->architecture);
}

const struct image_index_item *image_index_find(const struct image_index *index,
                                                const struct image_index_platform *platform)
{
    const struct image_index_item *found = NULL;

    for (size_t i = 0; i < index->count; i++) {
        const struct image_index_item *item = &index->items[i];

        if (!image_index_is_for(item, platform))
            continue;
        if (item->os && has_variant(item, platform))
            return item;
        if (!found || (!found->os && item->os))
            found = item;
    }
    return found;
}
