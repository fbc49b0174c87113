/* SPDX-License-Identifier: MIT */

/*
 * Proving that a store is whole
 *
 * Every blob is read and its digest compared with its name; every image of index.json has a
 * manifest, a configuration and layers that fit together; everything else in the store is
 * something that belongs there.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/image.h"
#include "util/macro.h"

struct error;
struct store;

enum fsck_kind {
    FSCK_DAMAGE,   /* something an image or a build needs is missing or wrong */
    FSCK_LEFTOVER, /* something that nobody needs and that harms nobody */
};

struct fsck_finding {
    enum fsck_kind kind;
    const char *what; /* "blob sha256:...: its content has another digest" */
    const char *cure; /* what to do about it; when it is repaired: what was done */
    bool repaired;
};

typedef void (*fsck_report_fn)(void *context, const struct fsck_finding *finding);

struct fsck_options {
    bool repair; /* remove what is damaged or left over, make anew what can be made */
    bool deep;   /* unpack every layer again and compare */
    /* Layers of containers, as for store_prune(), are not replaced; NULL: none is, they are not
     * known. */
    const struct strings *used;
    fsck_report_fn report;
    void *context;
    struct image_progress progress;
};

struct fsck_summary {
    size_t images, blobs, layers;
    uint64_t bytes;                 /* of the blobs */
    size_t damaged, left, repaired; /* `damaged` without what was repaired */
};

/*
 * Look through the store. What is found is reported, and is no error of this function.
 * ERROR_EXISTS: it is to be repaired, and is in use, by a build, a pull or the like.
 */
int fsck_run(struct store *store, const struct fsck_options *options, struct fsck_summary *out,
             struct error *err) MUST_CHECK;
