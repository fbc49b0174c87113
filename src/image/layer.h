/* SPDX-License-Identifier: MIT */

/*
 * Layers: a compressed tar stream among the blobs, and its tree under layers/
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "image/manifest.h"
#include "image/session.h"
#include "util/macro.h"

struct error;
struct stream_reader;

/* The uncompressed bytes of one layer. */
#define LAYER_SIZE_MAX (UINT64_C(64) << 30)

/* A new folder in the session with an empty folder `tree` in it. Returns its name. */
char *layer_new_work(struct session *session, struct error *err) MUST_CHECK;

/* Open the folder `tree` of such a work. */
int layer_open_tree(const struct session *session, const char *work, struct error *err) MUST_CHECK;

/* Write the blob of the layer that `tree_fd` holds; all times in it become `mtime`. */
int layer_save(int store_fd, struct session *session, int tree_fd, int64_t mtime,
               struct manifest_layer *out, struct error *err) MUST_CHECK;

/*
 * Write the blob of a layer that comes as a tar stream from elsewhere: its bytes stay as they
 * are, compressed or not, and are compressed anew. `what` is for the progress of `total_bytes`.
 */
struct layer_source {
    struct stream_reader *reader;
    const struct image_progress *progress;
    const char *what;
    uint64_t total_bytes; /* uncompressed; 0: not known */
};
int layer_save_stream(int store_fd, struct session *session, const struct layer_source *source,
                      struct manifest_layer *out, struct error *err) MUST_CHECK;

/*
 * Read the layer's blob to its end and check both digests; *size_out is how long it is without
 * compression. ERROR_INVALID: it is damaged, or not what it is said to be.
 */
int layer_measure(int store_fd, const struct manifest_layer *layer,
                  const struct image_progress *progress, uint64_t *size_out,
                  struct error *err) MUST_CHECK;

/* Whether the layer of that chain id is unpacked. */
bool layer_is_unpacked(int store_fd, const char *chain_hex);

/* The work's tree becomes the unpacked layer of that chain id, unless there is one already. */
int layer_install(int store_fd, const struct session *session, const char *work,
                  const char *chain_hex, struct error *err) MUST_CHECK;

/* Unpack the layer's blob into a new work, checking both digests. Returns the work's name. */
char *layer_unpack_work(int store_fd, struct session *session, const struct manifest_layer *layer,
                        struct error *err) MUST_CHECK;

/*
 * Have the layer unpacked under its chain id. Of several processes that want it at once one
 * unpacks, and the others wait for it.
 */
int layer_unpack(int store_fd, struct session *session, const struct manifest_layer *layer,
                 const char *chain_hex, struct error *err) MUST_CHECK;
