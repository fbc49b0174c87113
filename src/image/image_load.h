/* SPDX-License-Identifier: MIT */

/*
 * Images out of an archive
 *
 * Taken are OCI image layouts (a folder, or a tar of one) and docker archives (manifest.json with
 * the files it names), compressed or not. An archive that is both is read as a layout. Every
 * digest is checked before what it names is used; a layer that could not be unpacked safely
 * keeps its image out. Configurations stay byte for byte, and with them the ids by which docker
 * and podman know the images; layers that come compressed with gzip or zstd stay so as well, others
 * are compressed. Sources: image-spec/image-layout.md; moby, image/spec.
 */

#pragma once

#include <stddef.h>

#include "image/image.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;
struct store;

struct image_loaded {
    char *id;
    struct strings names; /* as the store has them; empty: none */
};

struct image_load {
    struct image_loaded *images; /* those for other platforms are left out */
    size_t count;
    struct strings notes; /* what of the archive was left out, a sentence each */
};

void image_load_done(struct image_load *load);
#define AUTO_IMAGE_LOAD __attribute__((cleanup(image_load_done)))

/*
 * Load all images of the archive or folder `fd`; of an index of several platforms the one for
 * `platform` (NULL: this machine's). After a failure the images that came first are loaded.
 * ERROR_INVALID: the archive is none, is broken, or lies.
 */
int image_load(struct store *store, int fd, const char *platform,
               const struct image_progress *progress, struct image_load *out,
               struct error *err) MUST_CHECK;
