/* SPDX-License-Identifier: MIT */

/*
 * Mounts as descriptors: made apart from any place, then attached to an open folder or file
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/macro.h"

struct error;

/* An option of a file system; a list ends with a NULL key, a flag has a NULL value. */
struct mount_option {
    const char *key;
    const char *value;
};

/* A new file system of `type`, not attached; `attributes` are MOUNT_ATTR_... */
int mount_new(const char *type, const struct mount_option *options, uint64_t attributes, int *out,
              struct error *err) MUST_CHECK;

/* A copy of what stands at `path` below `dirfd` (AT_FDCWD: anywhere), not attached. */
int mount_clone(int dirfd, const char *path, bool recursive, int *out,
                struct error *err) MUST_CHECK;

/* Set and clear attributes of the mount `fd`. */
int mount_change(int fd, bool recursive, uint64_t set, struct error *err) MUST_CHECK;

/* Put the mount `fd` on top of the open folder or file `target`. */
int mount_attach(int fd, int target, struct error *err) MUST_CHECK;
