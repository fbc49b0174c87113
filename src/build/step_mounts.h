/* SPDX-License-Identifier: MIT */

/*
 * The mounts of one RUN step: from its flags to what the runtime is given
 *
 * Nothing of them stays in the layer: bind mounts lie over the step's root and are thrown away,
 * caches lie beside the images, secrets in memory; the folders that were made to mount on are
 * removed again.
 */

#pragma once

#include "build/run_mount.h"
#include "build/stage.h"
#include "runtime/spec.h"

struct step_mounts {
    struct run_mount *items; /* in the order of the flags, their targets absolute and clean */
    size_t count;
    struct mount_maker_work *works; /* of each item, while the step runs */
    struct container_mount *mounts;
    size_t mount_count;
};

void step_mounts_done(struct step_mounts *mounts);
#define AUTO_STEP_MOUNTS __attribute__((cleanup(step_mounts_done)))

/* Read the flags; errors name the place in the Cartefile. */
int step_mounts_read(const struct stage *stage, const struct cartefile_instruction *at,
                     struct step_mounts *out, struct error *err) MUST_CHECK;

/*
 * Add to a step's key what has an influence on its result: what the flags say, and what is bound.
 * Contents of caches and secrets have none.
 */
int step_mounts_hash(const struct stage *stage, const struct step_mounts *mounts,
                     struct hash_sha256 *hash, struct error *err) MUST_CHECK;

/*
 * Make what the mounts need below the folder `work` of the session (relative to it), wait for
 * caches, read secrets, and add it all to `spec`, which borrows from `mounts`.
 */
int step_mounts_prepare(const struct stage *stage, struct step_mounts *mounts, const char *work,
                        struct container_spec *spec, struct error *err) MUST_CHECK;

/* Where the mounts lay, and the folders above: without "/" in front, the deepest first. */
void step_mounts_list_targets(const struct step_mounts *mounts, struct strings *out);
