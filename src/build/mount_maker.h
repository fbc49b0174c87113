/* SPDX-License-Identifier: MIT */

/*
 * How each kind of RUN --mount is made
 */

#pragma once

#include "build/run_mount.h"
#include "build/stage.h"
#include "image/cache_mount.h"
#include "runtime/spec.h"
#include "util/text.h"

/* What the runtime borrows while the step runs; cache.lock is -1 before. */
struct mount_maker_work {
    char *upper, *work, *copy; /* folders on the host */
    struct strings lower;
    struct text bytes;
    struct cache_mount cache;
    struct container_mount_part part;
};

void mount_maker_done(struct mount_maker_work *work);

/* What one mount is made from. */
struct mount_maker {
    const struct stage *stage;
    const struct run_mount *mount;
    struct mount_maker_work *work;
    const char *folder; /* its own below the session */
    struct container_mount *out;
    struct container_spec *spec;
};

/*
 * Make what the mount needs and fill *maker->out but for `read_only`; its target stays NULL when
 * there is nothing to mount. Variables of secrets go to maker->spec. Waits for a cache.
 */
int mount_maker_make(const struct mount_maker *maker, struct error *err) MUST_CHECK;

/* Add what a bind mount shows to the key of its step. */
int mount_maker_hash_bind(const struct stage *stage, const struct run_mount *mount,
                          struct hash_sha256 *hash, struct error *err) MUST_CHECK;

/* A cache is known by its id, and by what it began with; to be freed. */
char *mount_maker_cache_name(const struct run_mount *mount) MUST_CHECK;
