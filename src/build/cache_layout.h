/* SPDX-License-Identifier: MIT */

/*
 * Cached steps on the way to another machine: a folder in the form of an OCI image layout
 *
 * index.json has one manifest, of the artifact type CACHE_LAYOUT_TYPE; each of its layers is
 * that of a step, with the step's key and the digest of its tar stream in annotations. What a
 * layout says is checked when it is opened; the content of a layer when it is taken.
 * Source: image-spec, image-layout.md and manifest.md ("guidelines for artifact usage").
 */

#pragma once

#include <stddef.h>

#include "image/manifest.h"
#include "util/macro.h"
#include "util/text.h"

struct error;
struct session;

#define CACHE_LAYOUT_TYPE "application/vnd.carte.build-cache.v1"
#define CACHE_LAYOUT_STEPS_MAX 10000U

struct cache_layout_step {
    char *key; /* 64 hex digits */
    struct manifest_layer layer;
};

struct cache_layout {
    char *folder;
    int fd;
    struct cache_layout_step *steps;
    size_t step_count;
};

void cache_layout_done(struct cache_layout *layout);

/*
 * What --cache-from and --cache-to say: "type=local,src=FOLDER" and "type=local,dest=FOLDER";
 * `key` is "src" or "dest". The caller frees *folder_out.
 */
int cache_layout_parse_option(const char *text, const char *key, char **folder_out,
                              struct error *err) MUST_CHECK;

/* Add the steps of a manifest. Pure. */
int cache_layout_parse(const struct text *json, struct cache_layout *out,
                       struct error *err) MUST_CHECK;

/* A folder that does not exist has no steps. ERROR_INVALID: it is something else. */
int cache_layout_open(const char *folder, struct cache_layout *out, struct error *err) MUST_CHECK;

const struct cache_layout_step *cache_layout_find(const struct cache_layout *layout,
                                                  const char *key_hex);

/* Copy a layer's blob into the store; ERROR_INVALID: it is not what the layout says it is. */
int cache_layout_take(const struct cache_layout *layout, const struct manifest_layer *layer,
                      int store_fd, struct session *session, struct error *err) MUST_CHECK;

/* Add a copy, unless the key is there. */
void cache_layout_add(struct cache_layout *layout, const char *key_hex,
                      const struct manifest_layer *layer);

/*
 * Make `folder` a layout of the steps, with blobs from the store. What it held before stays
 * until the new index is in its place, and is then removed. ERROR_EXISTS: it is an image layout
 * of something else, and stays as it is.
 */
int cache_layout_write(const struct cache_layout *steps, const char *folder, int store_fd,
                       struct error *err) MUST_CHECK;
