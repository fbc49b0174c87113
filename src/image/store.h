/* SPDX-License-Identifier: MIT */

/*
 * The image store
 *
 * An OCI image layout under CARTE_ROOT/images: blobs/sha256/<hex>, index.json with the names
 * (annotation org.opencontainers.image.ref.name), and beside it layers/<chain id>/tree, the
 * unpacked layers, each shared by all images and containers that use it. Every blob is written
 * under a temporary name, synced and renamed; a layer's tree is complete once it has its name.
 * Several processes may use a store at once; changes of index.json are made under a lock.
 */

#pragma once

#include "image/image.h"
#include "util/cleanup.h"
#include "util/macro.h"

struct error;
struct store;

/* Open the store below `root` ("/var/lib/carte/images"); it is made if it is missing. */
struct store *store_open(const char *root, struct error *err) MUST_CHECK;
void store_close(struct store *store);
static inline void store_free(struct store *store)
{
    store_close(store);
}
DEFINE_CLEANUP(store)

/*
 * Find an image by name ("login", "login:v2"; no tag means latest) or by id or a unique prefix
 * of it. *out is NULL when there is none, which is no error. Layers that are not unpacked yet
 * are unpacked.
 */
int store_find_image(struct store *store, const char *reference, struct image **out,
                     struct error *err) MUST_CHECK;

/* All images, newest first. The caller frees each and the array. */
int store_list_images(struct store *store, struct image ***out, size_t *count_out,
                      struct error *err) MUST_CHECK;
