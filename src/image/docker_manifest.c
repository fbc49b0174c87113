/* SPDX-License-Identifier: MIT */

/*
 * manifest.json of a docker archive
 */

#include "image/docker_manifest.h"

#include <stdlib.h>

#include "image/manifest.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/json.h"

void docker_manifest_free(struct docker_manifest *manifest)
{
    if (!manifest)
        return;
    for (size_t i = 0; i < manifest->count; i++) {
        free(manifest->images[i].config);
        strings_done(&manifest->images[i].names);
        strings_done(&manifest->images[i].layers);
    }
    free(manifest->images);
    free(manifest);
}

static int parse_image(const struct json *json, struct docker_manifest_image *image,
                       struct error *err)
{
    const struct json *layers = json_find(json, "Layers");
    const char *config = json_find_text(json, "Config", NULL);

    if (!config || !json_is_array(layers) || json_count(layers) > MANIFEST_LAYERS_MAX)
        return error_set(err, ERROR_INVALID,
                         "manifest.json: an image has no Config, or no list of at most %u Layers",
                         MANIFEST_LAYERS_MAX);
    image->config = alloc_text(config);
    for (const struct json *l = json_first(layers); l; l = json_next(l)) {
        if (!json_is_text(l))
            return error_set(err, ERROR_INVALID, "manifest.json: a layer is no path");
        strings_add(&image->layers, json_get_text(l, ""));
    }
    for (const struct json *n = json_first(json_find(json, "RepoTags")); n; n = json_next(n)) {
        if (json_is_text(n))
            strings_add(&image->names, json_get_text(n, ""));
    }
    return 0;
}

int docker_manifest_parse(const struct text *json, struct docker_manifest **out, struct error *err)
{
    AUTO(json) struct json *root = json_parse(text_get(json), json->length, err);
    AUTO(docker_manifest) struct docker_manifest *manifest = alloc_new(struct docker_manifest);

    if (!root)
        return error_wrap(err, "manifest.json");
    if (!json_is_array(root) || json_count(root) > DOCKER_MANIFEST_IMAGES_MAX)
        return error_set(err, ERROR_INVALID, "manifest.json is no list of at most %u images",
                         DOCKER_MANIFEST_IMAGES_MAX);
    for (const struct json *i = json_first(root); i; i = json_next(i)) {
        struct docker_manifest_image *image = ALLOC_APPEND(manifest->images, manifest->count);

        if (parse_image(i, image, err) < 0)
            return -1;
    }
    *out = STEAL_PTR(manifest);
    return 0;
}

static struct json *new_list(const struct strings *strings)
{
    struct json *list = json_new_array();

    for (size_t i = 0; i < strings->count; i++)
        json_append_text(list, strings->items[i]);
    return list;
}

char *docker_manifest_format(const struct docker_manifest *manifest)
{
    AUTO(json) struct json *list = json_new_array();

    for (size_t i = 0; i < manifest->count; i++) {
        const struct docker_manifest_image *image = &manifest->images[i];
        struct json *json = json_new_object();

        json_set_text(json, "Config", image->config);
        json_set(json, "RepoTags", new_list(&image->names));
        json_set(json, "Layers", new_list(&image->layers));
        json_append(list, json);
    }
    return json_print(list, false);
}
