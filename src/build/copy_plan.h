/* SPDX-License-Identifier: MIT */

/*
 * Which files a COPY or ADD takes, and where in the image each goes
 *
 * Destinations are resolved in the layers below, symbolic links included, and missing folders
 * above them get the attributes they have below.
 */

#pragma once

#include "build/stage.h"
#include "image/scan.h"

/* A local archive of ADD: its content goes to the folder `target`. */
struct copy_archive {
    char *source, *target;
};

struct copy_plan {
    const struct merged *source;  /* borrowed */
    const struct merged *base;    /* borrowed: the layers below */
    struct digest_cache *digests; /* borrowed, or NULL: of files of the source */
    scan_filter_fn filter;        /* or NULL */
    void *filter_context;
    bool unpacks;     /* archives are unpacked */
    bool keeps_owner; /* else files are root's */
    const char *chmod;
    bool has_owner; /* --chown */
    uid_t uid;
    gid_t gid;
    struct scan scan;
    struct copy_archive *archives;
    size_t archive_count;
    struct strings roots; /* targets that stand for a whole source folder */
    char *made;           /* the folder of the layer that was made last, or NULL */
};

void copy_plan_done(struct copy_plan *plan);
#define AUTO_COPY_PLAN __attribute__((cleanup(copy_plan_done)))

/* Add sources (patterns allowed) that go to `destination`, an absolute path of the image. */
int copy_plan_add(struct copy_plan *plan, const struct strings *sources, const char *destination,
                  struct error *err) MUST_CHECK;

/* Add all that has an influence on the result. */
int copy_plan_hash(const struct copy_plan *plan, struct hash_sha256 *hash,
                   struct error *err) MUST_CHECK;

/* Write it all into the folder of a layer. */
int copy_plan_write(struct copy_plan *plan, int tree, struct error *err) MUST_CHECK;

/* Make the folder `path` in the layer, with the attributes it and those above have below. */
int copy_plan_make_folders(struct copy_plan *plan, int tree, const char *path,
                           struct error *err) MUST_CHECK;

/* A file with this content, mode 644. */
int copy_plan_put_text(struct copy_plan *plan, int tree, const char *path, const char *content,
                       struct error *err) MUST_CHECK;
