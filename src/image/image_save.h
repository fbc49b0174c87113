/* SPDX-License-Identifier: MIT */

/*
 * Images into one archive
 *
 * The archive is a tar of an OCI image layout. The same images give the same bytes: entries
 * are sorted and have no time and no owner.
 * Sources: image-spec/image-layout.md; moby, image/spec.
 */

#pragma once

#include "image/image.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;
struct store;

enum image_save_format {
    /* With manifest.json, so that every docker and podman reads it; layers are not compressed. */
    IMAGE_SAVE_DOCKER,
    /* Manifests and layers as they are in the store. */
    IMAGE_SAVE_OCI,
};

/*
 * Write the images `references` (names, with which they are saved, or ids) to `fd`, which need
 * not be a file. Layers are checked before the first byte is written, or, where they stay
 * compressed, while they are. ERROR_NOT_FOUND: there is no such image.
 */
int image_save(struct store *store, const struct strings *references, enum image_save_format format,
               int fd, const struct image_progress *progress, struct error *err) MUST_CHECK;
