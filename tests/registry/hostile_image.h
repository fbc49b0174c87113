/* SPDX-License-Identifier: MIT */

/*
 * The image of the registry that misbehaves: one small layer, and documents around it
 */

#pragma once

#include <stddef.h>

#include "util/hash.h"
#include "util/text.h"

#define HOSTILE_OCI "application/vnd.oci.image."
#define HOSTILE_MANIFEST_TYPE HOSTILE_OCI "manifest.v1+json"
#define HOSTILE_INDEX_TYPE HOSTILE_OCI "index.v1+json"
#define HOSTILE_NO_DIGEST "sha256:0000000000000000000000000000000000000000000000000000000000000000"
#define HOSTILE_DEEP 10

struct hostile_blob {
    struct text data;
    char digest[7 + HASH_SHA256_HEX_SIZE];
};

struct hostile_image {
    struct hostile_blob layer, escape;      /* escape: its file is "../../escape" */
    struct hostile_blob config, odd_config; /* odd: its digest of the layer is wrong */
    struct hostile_blob manifest;
    struct hostile_blob
        lists[HOSTILE_DEEP]; /* each of the one before it, the first of the manifest */
};

void hostile_image_make(struct hostile_image *out);

/* What a manifest says; what is 0 or NULL is as it should be. */
struct hostile_says {
    const char *config_type, *config_digest, *layer_digest, *more;
    long long config_bytes, layer_bytes;
};
void hostile_image_manifest(const struct hostile_image *image, const struct hostile_says *says,
                            struct text *out);

struct hostile_item {
    const char *type, *digest, *architecture;
    size_t size;
};
void hostile_image_list(const struct hostile_item *item, struct text *out);
