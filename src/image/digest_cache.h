/* SPDX-License-Identifier: MIT */

/*
 * Digests of files that were read before, known again by their status
 *
 * Each view of folders that is copied from has a file contexts/<hex> in the store: for each
 * regular file device, inode, size, time of change of content and of status, and the digest of
 * the content. A file whose status is the same has not been written since, so it is not read
 * again. A file that was changed within the last two seconds before the cache was opened is
 * not kept: it may change once more within the same tick of the clock.
 *
 * The cache is never needed: what cannot be read, or is damaged, counts as empty, and what
 * cannot be written is not kept.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/cleanup.h"
#include "util/hash.h"
#include "util/macro.h"

struct digest_cache;
struct stat;
struct strings;

/* Files of a cache are at most these; more are read each time. */
#define DIGEST_CACHE_MAX 500000U

/* The cache of the view of `folders`. Never fails. */
struct digest_cache *digest_cache_open(int store_fd, const struct strings *folders) MUST_CHECK;

/* Write what is new, and close. */
void digest_cache_close(struct digest_cache *cache);
static inline void digest_cache_free(struct digest_cache *cache)
{
    digest_cache_close(cache);
}
DEFINE_CLEANUP(digest_cache)

/* Write what is new and read what others wrote: the same cache, opened again. NULL is fine. */
struct digest_cache *digest_cache_renew(struct digest_cache *cache) MUST_CHECK;

/* The digest of the file's content, or NULL; valid until the next digest_cache_add(). */
const uint8_t *digest_cache_find(struct digest_cache *cache, const struct stat *status);

/* `status` is what the file had before it was read. */
void digest_cache_add(struct digest_cache *cache, const struct stat *status,
                      const uint8_t digest[HASH_SHA256_SIZE]);
