/* SPDX-License-Identifier: MIT */

/*
 * How large images are on disk: the files of their unpacked layers
 *
 * A layer is measured once; what was found is kept beside its tree.
 */

#pragma once

#include <stdint.h>

#include "image/image.h"
#include "util/macro.h"

struct error;
struct store;

/* One layer: its chain id names it, and images that share it. */
struct image_size_layer {
    char *chain_hex;
    uint64_t size_bytes; /* of the files' contents; 0: it is not unpacked */
};

struct image_size {
    struct image_size_layer *layers; /* lowest first */
    size_t count;
    uint64_t total_bytes;
};

void image_size_done(struct image_size *size);
#define AUTO_IMAGE_SIZE __attribute__((cleanup(image_size_done)))

int image_size_measure(struct store *store, const struct image *image, struct image_size *out,
                       struct error *err) MUST_CHECK;
