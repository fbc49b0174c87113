/* SPDX-License-Identifier: MIT */

/*
 * Which layer a step made before
 *
 * A step is known by the digest of all that goes into it. Its record names a layer among the
 * blobs; a record whose layer is gone counts for nothing.
 */

#pragma once

#include <stdbool.h>

#include "image/manifest.h"
#include "util/macro.h"

struct error;

int build_cache_find(int store_fd, const char *key_hex, struct manifest_layer *out, bool *found_out,
                     struct error *err) MUST_CHECK;
/*
 * Wait until nobody else makes this step, and hold it: the descriptor is given to
 * build_cache_unlock(). What another has made meanwhile is there to be found then.
 */
int build_cache_lock(int store_fd, const char *key_hex, struct error *err) MUST_CHECK;
void build_cache_unlock(int store_fd, const char *key_hex, int lock);

int build_cache_save(int store_fd, const char *key_hex, const struct manifest_layer *layer,
                     struct error *err) MUST_CHECK;
