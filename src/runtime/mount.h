/* SPDX-License-Identifier: MIT */

/*
 * Mounts as descriptors: made apart from any place, then attached to an open folder or file
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/macro.h"

struct error;
struct mount_attr;

/* An option of a file system; a list ends with a NULL key, a flag has a NULL value. */
struct mount_option {
    const char *key;
    const char *value;
};

/* A new file system of `type`, not attached; `attributes` are MOUNT_ATTR_... */
int mount_new(const char *type, const struct mount_option *options, uint64_t attributes, int *out,
              struct error *err) MUST_CHECK;

/* Change options of the file system that is mounted at `fd`; none: it stays as it is. */
int mount_reconfigure(int fd, const struct mount_option *options, struct error *err) MUST_CHECK;

/* A copy of what stands at `path` below `dirfd` (AT_FDCWD: anywhere), not attached. */
int mount_clone(int dirfd, const char *path, bool recursive, int *out,
                struct error *err) MUST_CHECK;

/* Set attributes of the mount `fd`. */
int mount_change(int fd, bool recursive, uint64_t set, struct error *err) MUST_CHECK;

/* The same in full; one that would change nothing is not asked for. */
int mount_alter(int fd, bool recursive, const struct mount_attr *attributes,
                struct error *err) MUST_CHECK;

/* `propagation` is one of MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, with MS_REC or not. */
int mount_propagate(int fd, uint64_t propagation, struct error *err) MUST_CHECK;

/* Put the mount `fd` on top of the open folder or file `target`. */
int mount_attach(int fd, int target, struct error *err) MUST_CHECK;
