/* SPDX-License-Identifier: MIT */

/*
 * The image store
 *
 * An OCI image layout under CARTE_ROOT/images: blobs/sha256/<hex>, index.json with the names
 * (annotation org.opencontainers.image.ref.name), and beside it layers/<chain id>/tree, the
 * unpacked layers, each shared by all images and containers that use it. Every blob is written
 * under a temporary name, synced and renamed; a layer's tree is complete once it has its name.
 * What may be lost: cache/ (records of steps), contexts/ (digest_cache.h), locks/ (of steps).
 * Several processes may use a store at once; changes of index.json are made under a lock.
 */

#pragma once

#include "image/image.h"
#include "util/cleanup.h"
#include "util/macro.h"

struct error;
struct manifest;
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

/*
 * Give the image `reference` (a name or an id) the further name `name`. An image that had it
 * before loses it. ERROR_NOT_FOUND: there is no such image.
 */
int store_tag(struct store *store, const char *reference, const char *name,
              struct error *err) MUST_CHECK;

/*
 * Forget the image `reference`: by name, that name, and the image with its last one; by id, the
 * image with all its names. What it took on disk goes with store_prune(). *gone_out: the image
 * is forgotten, and not just a name.
 */
int store_remove_image(struct store *store, const char *reference, bool *gone_out,
                       struct error *err) MUST_CHECK;

/* Forget an image that nobody has given a name; `digest` is its manifest's. */
int store_remove_nameless(struct store *store, const char *digest, struct error *err) MUST_CHECK;

/*
 * Remove what no image needs: blobs, records of cached steps, the folders of RUN
 * --mount=type=cache, and unpacked layers that are neither an image's nor in `used` (absolute paths
 * as in image.layers, of the containers that exist). With `dangling`, images without a name go
 * first. ERROR_EXISTS: the store is in use, by a build, a pull or the like.
 */
int store_prune(struct store *store, bool dangling, const struct strings *used,
                uint64_t *freed_bytes_out, struct error *err) MUST_CHECK;

/*
 * The metadata record of an image that was built from the short form of a Cartefile, as JSON:
 * name, timestamp, layers, author, exe_path, base_image. *out is NULL when it has none.
 */
int store_find_record(struct store *store, const char *image_id, char **out,
                      struct error *err) MUST_CHECK;
int store_save_record(struct store *store, const char *image_id, const char *json,
                      struct error *err) MUST_CHECK;

/*
 * Fill `target_folder`, which exists and is empty, with what the image holds at `path`: the
 * content of a folder with owners and modes; the target takes the folder's own. An image that
 * has no folder there leaves the target as it is.
 */
int store_copy_path(const struct image *image, const char *path, const char *target_folder,
                    struct error *err) MUST_CHECK;

/* For image/ and build/: the folder of the store, and the manifest of an image of it. */
int store_get_folder(const struct store *store);
const char *store_get_path(const struct store *store);
char *store_layer_path(const struct store *store, const char *chain_hex) MUST_CHECK;

/* The place for unfinished work, made when it is first asked for; borrowed. */
struct session;
int store_begin(struct store *store, struct session **session_out, struct error *err) MUST_CHECK;

/* The same in a child process of the one that opened the store: a place of its own. */
int store_begin_child(struct store *store, struct session **session_out,
                      struct error *err) MUST_CHECK;

/* Where `name` of a session lies, for who needs a path; the caller frees it. */
char *store_session_path(const struct store *store, const struct session *session,
                         const char *name) MUST_CHECK;

/* Unpack what is not yet; the folders of the layers, topmost first, replace *layers_out. */
int store_unpack(struct store *store, const struct manifest *manifest, struct strings *layers_out,
                 struct error *err) MUST_CHECK;
int store_load_manifest(struct store *store, const char *digest, struct manifest **out,
                        struct error *err) MUST_CHECK;

/*
 * Write configuration and manifest and put the image into the index under each of `names`
 * (none: without a name); *digest_out is the manifest's digest, which the caller frees.
 */
int store_save_image(struct store *store, const struct manifest *manifest,
                     const struct strings *names, char **digest_out, struct error *err) MUST_CHECK;

/*
 * Put an image of others into the index, with its manifest byte for byte as it is: the blobs
 * that it names must be in the store. Its layers are unpacked first, so that an image that
 * cannot be has no entry. `names` and *digest_out as in store_save_image(). The caller holds
 * the store's lock (prune_lock) since it wrote the first of the blobs.
 */
int store_add_image(struct store *store, const char *manifest_json, const struct strings *names,
                    char **digest_out, struct error *err) MUST_CHECK;
