/* SPDX-License-Identifier: MIT */

/*
 * Image indexes: lists of manifests, one for each platform or name
 *
 * OCI's image index and Docker's manifest list; index.json of an image layout is one, too.
 * Entries for no platform of this world ("unknown", as attestations have it) are left out.
 * Source: image-spec, image-index.md.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/cleanup.h"
#include "util/macro.h"
#include "util/text.h"

struct error;

#define IMAGE_INDEX_ITEMS_MAX 4096U

/* The annotation that takes the metadata record of the short form along. */
#define IMAGE_INDEX_RECORD_KEY "carte.image.record"

struct image_index_item {
    char *digest, *media_type;
    uint64_t size_bytes;
    char *name;                        /* from the annotations, not checked; NULL: none */
    char *record;                      /* an image's metadata record, likewise */
    char *os, *architecture, *variant; /* NULL: not said */
};

struct image_index {
    struct image_index_item *items;
    size_t count;
};

/* ERROR_INVALID: no such list, or an entry without a sha256 digest or size. */
int image_index_parse(const struct text *json, struct image_index **out,
                      struct error *err) MUST_CHECK;
void image_index_free(struct image_index *index);
DEFINE_CLEANUP(image_index)

/* Whether `media_type` is that of a list, and not of a manifest. */
bool image_index_is_type(const char *media_type);

/* A platform as people write it: "linux/arm64/v8", "arm64"; NULL or "": this machine's. */
struct image_index_platform {
    char os[32], architecture[32], variant[32]; /* variant: empty when not said */
};
int image_index_parse_platform(const char *text, struct image_index_platform *out,
                               struct error *err) MUST_CHECK;

/* Whether the entry is for the platform, or says nothing of one. */
bool image_index_is_for(const struct image_index_item *item,
                        const struct image_index_platform *platform);

/*
 * The entry for the platform: the one of the wanted variant, without a wanted variant the one
 * that has none before the others; else the first that says nothing of a platform. NULL: none.
 */
const struct image_index_item *image_index_find(const struct image_index *index,
                                                const struct image_index_platform *platform);
