/* SPDX-License-Identifier: MIT */

/*
 * Which files one source of a COPY or ADD gives, and where in the image each goes
 *
 * Destinations are resolved in the layers below, symbolic links included, and missing folders
 * above them get the attributes they have below. With --link there is nothing below.
 */

#pragma once

#include "build/copy_links.h"
#include "build/source.h"
#include "build/stage.h"
#include "image/scan.h"

/* What holds for all sources of an instruction; borrowed. */
struct copy_rules {
    const struct merged *base; /* the layers below */
    const char *chmod;         /* or NULL */
    bool has_owner;            /* --chown */
    uid_t uid;
    gid_t gid;
    bool parents;          /* the folders above a source are kept */
    struct ignore exclude; /* below each source */
    struct copy_links links;
};

/* A local archive of ADD: its content goes to the folder `target`. */
struct copy_archive {
    char *source, *target;
};

struct copy_plan {
    struct copy_rules *rules;
    struct source *source;
    bool unpacks;          /* archives are unpacked */
    mode_t file_mode;      /* of files, or 0: as they have it */
    bool plain_modes;      /* only whether a file can be executed counts */
    scan_filter_fn filter; /* besides the ignore file, or NULL */
    void *filter_context;

    struct strings paths; /* that match, in the source */
    size_t pivot;         /* how many parts of each --parents leaves out */
    struct scan scan;
    struct copy_archive *archives;
    size_t archive_count;
    struct strings roots; /* targets that stand for a whole source folder */
    char *made;           /* the folder of the layer that was made last, or NULL */
};

void copy_plan_rules_done(struct copy_rules *rules);
#define AUTO_COPY_RULES __attribute__((cleanup(copy_plan_rules_done)))

void copy_plan_done(struct copy_plan *plan);
#define AUTO_COPY_PLAN __attribute__((cleanup(copy_plan_done)))

/* Find the paths of `word`, which may be a pattern. */
int copy_plan_match(struct copy_plan *plan, const char *word, struct error *err) MUST_CHECK;

/* Whether sources go into `destination` under their names, as it is written or as it stands. */
int copy_plan_is_folder(const struct copy_rules *rules, const char *destination, bool *out,
                        struct error *err) MUST_CHECK;

/* Collect what the paths give; they go to, or into, `destination`, an absolute path. */
int copy_plan_add(struct copy_plan *plan, const char *destination, bool is_folder,
                  struct error *err) MUST_CHECK;

/* Add all that has an influence on the result; `links` are those of the plans hashed before. */
int copy_plan_hash(const struct copy_plan *plan, struct copy_links *links, struct hash_sha256 *hash,
                   struct error *err) MUST_CHECK;

/* Write it all into the folder of a layer. */
int copy_plan_write(struct copy_plan *plan, int tree, struct error *err) MUST_CHECK;

/* Make the folder `path` in the layer, with the attributes it and those above have below. */
int copy_plan_make_folders(struct copy_plan *plan, int tree, const char *path,
                           struct error *err) MUST_CHECK;

/* A file with this content, mode 644. */
int copy_plan_put_text(struct copy_plan *plan, int tree, const char *path, const char *content,
                       struct error *err) MUST_CHECK;
