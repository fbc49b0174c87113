/* SPDX-License-Identifier: MIT */

/*
 * What a copy is to copy: collected first, then digested or copied
 *
 * Sources lie in a view of layers (a stage, an image, or a plain folder); entries come in a
 * fixed order, parents before children.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "image/merged.h"
#include "util/hash.h"
#include "util/macro.h"
#include "util/strings.h"

struct digest_cache;
struct error;

struct scan_entry {
    char *source; /* in the view */
    char *target; /* below the copy's destination; "" is the destination itself */
    char *link;
    struct stat status;
};

struct scan {
    struct scan_entry *entries;
    size_t count;
};

#define SCAN_ENTRIES_MAX 2000000U

void scan_done(struct scan *scan);
#define AUTO_SCAN __attribute__((cleanup(scan_done)))

/* Whether to leave the path out; of a folder: it alone, *enter says whether to look into it. */
typedef bool (*scan_filter_fn)(void *context, const char *path, bool is_folder, bool *enter);

struct scan_source {
    const struct merged *view;
    scan_filter_fn filter; /* or NULL */
    void *filter_context;
};

/* Add `path` and all below it; its entries' targets begin with `target`. */
int scan_add(struct scan *scan, const struct scan_source *source, const char *path,
             const char *target, struct error *err) MUST_CHECK;

/*
 * Add digests of the contents and metadata, without times, to the hash. Files that `digests`
 * (or NULL) knows are not read.
 */
int scan_hash(const struct scan *scan, const struct merged *view, struct digest_cache *digests,
              bool with_owner, struct hash_sha256 *hash, struct error *err) MUST_CHECK;

/* Write one entry into the tree as `path` with the owner and mode of entry->status. */
int scan_copy_entry(const struct scan_entry *entry, const struct merged *view, int tree_fd,
                    const char *path, struct error *err) MUST_CHECK;

/* See store_copy_path(); what the filter leaves out is not copied. */
int scan_copy_folder(const struct scan_source *source, const char *path, const char *target_folder,
                     struct error *err) MUST_CHECK;
