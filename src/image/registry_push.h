/* SPDX-License-Identifier: MIT */

/*
 * An image goes from the store to a registry
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "image/image.h"
#include "util/macro.h"

struct error;
struct store;

struct registry_push_settings {
    bool insecure; /* see registry.h */
    bool gzip;     /* for registries and programs that do not know zstd; the digest is another */
    uint64_t chunk_bytes; /* see registry_upload.h */
    struct image_progress progress;
};

/*
 * Send the image that the store knows as `name` to where the name says: first the blobs, at last
 * the manifest, byte for byte as it is in the store unless `gzip` changes it. *digest_out is the
 * manifest's digest, which the caller frees. ERROR_NOT_FOUND: the store has no such name.
 */
int registry_push(struct store *store, const char *name,
                  const struct registry_push_settings *settings, char **digest_out,
                  struct error *err) MUST_CHECK;
