/* SPDX-License-Identifier: MIT */

/*
 * The parts of a container's file system that its own process may not make
 *
 * A new user namespace has no rights over the host: the maker makes the root, the binds and,
 * where the network is another's, sysfs as mounts that hang nowhere, and hands them over.
 */

#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "util/macro.h"

struct container_spec;
struct error;

struct rootfs_parts {
    int root, sys; /* -1: the process makes it */
    int *sources;  /* as of mounting_add(), or NULL */
    size_t source_count;
};

#define ROOTFS_PARTS_NONE     \
    {                         \
        .root = -1, .sys = -1 \
    }
#define AUTO_ROOTFS_PARTS __attribute__((cleanup(rootfs_parts_done)))
#define ROOTFS_PARTS_MAX 250

void rootfs_parts_done(struct rootfs_parts *parts);

/* Before the process is made, which inherits them: binds that shift ids by maps of their own. */
int rootfs_parts_prepare(const struct container_spec *spec, struct rootfs_parts *out,
                         struct error *err) MUST_CHECK;

/* For the process `pid` in its new user namespace, which has its maps. */
int rootfs_parts_make(const struct container_spec *spec, pid_t pid, struct rootfs_parts *out,
                      struct error *err) MUST_CHECK;

/* How they are handed over: in this order, so many of them. */
size_t rootfs_parts_count(const struct container_spec *spec);
size_t rootfs_parts_list(const struct container_spec *spec, const struct rootfs_parts *parts,
                         int fds[ROOTFS_PARTS_MAX]);
void rootfs_parts_take(const struct container_spec *spec, const int fds[ROOTFS_PARTS_MAX],
                       struct rootfs_parts *out);
