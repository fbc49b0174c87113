/* SPDX-License-Identifier: MIT */

/*
 * index.json of the store: which images there are, and their names
 *
 * An image has one item for each of its names, or a single one without a name. The time at
 * which it came into the store stands here, outside of what its digest covers.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"

struct error;

struct catalog_item {
    char *digest; /* of the manifest */
    char *name;   /* NULL: none */
    char *created;
    char *pulled; /* when the name last came from a registry, or was confirmed by it; or NULL */
    uint64_t size_bytes; /* of the manifest */
};

struct catalog {
    struct catalog_item *items;
    size_t count;
};

void catalog_done(struct catalog *catalog);
#define AUTO_CATALOG __attribute__((cleanup(catalog_done)))

/* Take the lock for a change; the caller closes it. */
int catalog_lock(int store_fd, struct error *err) MUST_CHECK;
int catalog_load(int store_fd, struct catalog *out, struct error *err) MUST_CHECK;
int catalog_save(int store_fd, const struct catalog *catalog, struct error *err) MUST_CHECK;

const struct catalog_item *catalog_find_name(const struct catalog *catalog, const char *name);
const struct catalog_item *catalog_find_digest(const struct catalog *catalog, const char *digest);

/* Add an item. A name is taken from the image that had it, which stays without one. */
void catalog_add(struct catalog *catalog, const struct catalog_item *item);
/* Record that a registry has this image for the name now. */
void catalog_note_pull(struct catalog *catalog, const char *name, const char *now);
/* Take a name away; the image stays without a name if it was the last. */
void catalog_remove_name(struct catalog *catalog, const char *name);
void catalog_remove_digest(struct catalog *catalog, const char *digest);
