/* SPDX-License-Identifier: MIT */

/*
 * The file system of a container, made inside of its own mount namespace
 */

#pragma once

#include "util/macro.h"

struct cgroup;
struct container_spec;
struct error;
struct rootfs_parts;

struct rootfs {
    int root, proc, sys, dev; /* mounts; -1: not there */
};

#define ROOTFS_NONE                                  \
    {                                                \
        .root = -1, .proc = -1, .sys = -1, .dev = -1 \
    }
#define AUTO_ROOTFS __attribute__((cleanup(rootfs_done)))

void rootfs_done(struct rootfs *rootfs);

/*
 * Build all of it beside what the calling process sees, which is the first of its namespaces and
 * is a member of `cgroup` and of its own cgroup namespace afterwards.
 */
int rootfs_build(const struct container_spec *spec, const struct cgroup *cgroup,
                 const struct rootfs_parts *parts, struct rootfs *out,
                 struct error *err) MUST_CHECK;

/* Make it the root of the calling process; the host's file systems are out of reach then. */
int rootfs_enter(const struct container_spec *spec, const struct rootfs *rootfs,
                 struct error *err) MUST_CHECK;
