/* SPDX-License-Identifier: MIT */

/*
 * What the tests of bare containers share: the usual mounts, from options as OCI spells them
 */

#pragma once

#include "runtime_bed.h"

#include "util/strings.h"

#define BARE_MOUNTS_MAX 16

struct bare {
    char *root;
    struct container_mount mounts[BARE_MOUNTS_MAX];
    struct text data[BARE_MOUNTS_MAX];
};

/* Make the bed's container a bare one with a plain root and /proc, /dev, /dev/pts, /sys. */
void bare_init(struct bare *bare, struct bed *bed);
void bare_done(struct bare *bare, struct bed *bed);

/* Add a mount; `options` are separated by commas. */
struct container_mount *bare_mount(struct bare *bare, struct bed *bed, const char *type,
                                   const char *source, const char *target, const char *options);
