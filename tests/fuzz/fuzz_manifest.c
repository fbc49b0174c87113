/* SPDX-License-Identifier: MIT */

/*
 * Any bytes are a manifest, a list of manifests, the configuration of an image of up to three
 * layers, and manifest.json of a docker archive: each is read or refused, and what was read is
 * written and read again as the same.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image/config_json.h"
#include "image/describe.h"
#include "image/docker_manifest.h"
#include "image/image_index.h"
#include "image/manifest.h"
#include "image/reference.h"
#include "util/alloc.h"
#include "util/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_name(const char *name)
{
    struct error err = { 0 };
    AUTO_FREE char *full = NULL;
    AUTO_FREE char *whole = NULL;
    AUTO_FREE char *repository = NULL;
    AUTO_FREE char *tag = NULL;

    if (!name || reference_parse(name, &full, &err) < 0)
        return;
    whole = reference_full_name(full);
    describe_split_name(full, &repository, &tag);
    if (!*repository || !*whole)
        abort();
}

static void try_manifest(const struct text *json)
{
    AUTO(manifest) struct manifest *manifest = NULL;
    AUTO(manifest) struct manifest *again = NULL;
    AUTO_TEXT struct text text = { 0 };
    AUTO_FREE char *printed = NULL;
    struct error err = { 0 };

    if (manifest_parse(json, &manifest, &err) < 0)
        return;
    printed = manifest_format(manifest, manifest->id, 0);
    text_add(&text, printed);
    if (manifest_parse(&text, &again, &err) < 0 || again->layer_count != manifest->layer_count)
        abort();
}

static void try_config(const struct text *json, size_t layers)
{
    AUTO(manifest) struct manifest *manifest = alloc_new(struct manifest);
    AUTO(manifest) struct manifest *again = alloc_new(struct manifest);
    const struct manifest_layer layer = { 0 };
    AUTO_TEXT struct text text = { 0 };
    AUTO_FREE char *printed = NULL;
    AUTO_FREE char *twice = NULL;
    struct error err = { 0 };

    for (size_t i = 0; i < layers; i++) {
        manifest_add_layer(manifest, &layer);
        manifest_add_layer(again, &layer);
    }
    if (manifest_parse_config(manifest, json, &err) < 0)
        return;
    printed = manifest_format_config(manifest);
    text_add(&text, printed);
    if (manifest_parse_config(again, &text, &err) < 0)
        abort();
    twice = manifest_format_config(again);
    if (strcmp(printed, twice) != 0)
        abort();
}

static void try_index(const struct text *json)
{
    AUTO(image_index) struct image_index *index = NULL;
    struct image_index_platform platform;
    struct error err = { 0 };

    if (image_index_parse_platform(text_get(json), &platform, &err) < 0) {
        error_clear(&err);
        if (image_index_parse_platform("linux/arm64/v8", &platform, &err) < 0)
            abort();
    }
    if (image_index_parse(json, &index, &err) < 0)
        return;
    for (size_t i = 0; i < index->count; i++)
        try_name(index->items[i].name);
    if (image_index_find(index, &platform) &&
        !image_index_is_for(image_index_find(index, &platform), &platform))
        abort();
}

static void try_docker(const struct text *json)
{
    AUTO(docker_manifest) struct docker_manifest *manifest = NULL;
    AUTO(docker_manifest) struct docker_manifest *again = NULL;
    AUTO_TEXT struct text text = { 0 };
    AUTO_FREE char *printed = NULL;
    struct error err = { 0 };

    if (docker_manifest_parse(json, &manifest, &err) < 0)
        return;
    for (size_t i = 0; i < manifest->count; i++) {
        for (size_t n = 0; n < manifest->images[i].names.count; n++)
            try_name(manifest->images[i].names.items[n]);
    }
    printed = docker_manifest_format(manifest);
    text_add(&text, printed);
    if (docker_manifest_parse(&text, &again, &err) < 0 || again->count != manifest->count)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_TEXT struct text json = { 0 };

    text_add_bytes(&json, data, size);
    try_manifest(&json);
    try_index(&json);
    try_docker(&json);
    for (size_t layers = 0; layers < 4; layers++)
        try_config(&json, layers);
    return 0;
}
