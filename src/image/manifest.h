/* SPDX-License-Identifier: MIT */

/*
 * Manifest and configuration of an image, as JSON and back
 *
 * The format is OCI's; Docker's second version, which differs in its media types, is read too.
 * What is printed has a fixed order of keys: the same image gives the same digest.
 */

#pragma once

#include "image/image.h"
#include "util/cleanup.h"
#include "util/hash.h"
#include "util/macro.h"
#include "util/text.h"

struct error;

#define MANIFEST_MEDIA_TYPE "application/vnd.oci.image.manifest.v1+json"
#define MANIFEST_CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define MANIFEST_INDEX_TYPE "application/vnd.oci.image.index.v1+json"
#define MANIFEST_LAYER_PLAIN "application/vnd.oci.image.layer.v1.tar"
#define MANIFEST_LAYER_GZIP MANIFEST_LAYER_PLAIN "+gzip"
#define MANIFEST_LAYER_ZSTD MANIFEST_LAYER_PLAIN "+zstd"

#define MANIFEST_SIZE_MAX (4U << 20)
#define MANIFEST_LAYERS_MAX 128U

struct manifest_layer {
    char *digest; /* "sha256:<hex>" of the blob */
    char *media_type;
    char *diff_id; /* of the tar stream in it */
    uint64_t size_bytes;
};

struct manifest_history {
    char *created_by;
    char *comment, *author; /* or NULL */
    bool empty;             /* made no layer */
};

struct manifest {
    char *digest; /* of the manifest, and of its configuration; NULL: not saved yet */
    char *id;
    char *created;
    char *architecture; /* NULL: this machine's */
    char *author;       /* or NULL */
    struct image_config config;
    struct manifest_layer *layers; /* lowest first */
    size_t layer_count;
    struct manifest_history *history;
    size_t history_count;
};

void manifest_free(struct manifest *manifest);
DEFINE_CLEANUP(manifest)
struct manifest *manifest_copy(const struct manifest *manifest) MUST_CHECK;

void manifest_layer_done(struct manifest_layer *layer);
void manifest_layer_copy(struct manifest_layer *to, const struct manifest_layer *from);

/* Append a copy of `layer`. */
void manifest_add_layer(struct manifest *manifest, const struct manifest_layer *layer);
/* Append an entry, which is returned for what it may have besides. */
struct manifest_history *manifest_add_history(struct manifest *manifest, const char *created_by,
                                              bool empty);

/*
 * The chain id of the lowest `count` layers, in hex: it names what they are together when
 * unpacked. Of no layer: 64 zeros.
 */
void manifest_chain_id(const struct manifest *manifest, size_t count,
                       char out[HASH_SHA256_HEX_SIZE]);

char *manifest_format_config(const struct manifest *manifest) MUST_CHECK;
char *manifest_format(const struct manifest *manifest, const char *config_digest,
                      size_t config_size) MUST_CHECK;

/* Whether `media_type` is that of a manifest, OCI's or Docker's. */
bool manifest_is_type(const char *media_type);

/* Read a manifest; layers lack their diff_id until the configuration (`id`) is read too. */
int manifest_parse(const struct text *json, struct manifest **out, struct error *err) MUST_CHECK;
int manifest_parse_config(struct manifest *manifest, const struct text *json,
                          struct error *err) MUST_CHECK;
