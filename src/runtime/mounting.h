/* SPDX-License-Identifier: MIT */

/*
 * The mounts of a spec, each made apart and attached below the container's root
 */

#pragma once

#include "util/macro.h"

struct cgroup;
struct container_mount;
struct container_spec;
struct error;
struct rootfs;

/*
 * Attach all of them in order below the root of `fs`, which gets descriptors of what is mounted on
 * /proc and /sys. `sources` holds a mount that is made already for some of them, else -1, in the
 * order of the spec; NULL: none is.
 */
int mounting_add(const struct container_spec *spec, const struct cgroup *cgroup, struct rootfs *fs,
                 const int *sources, struct error *err) MUST_CHECK;

/* In a bare container, once its devices are made: make a /dev read-only that is to be it. */
int mounting_close(const struct container_spec *spec, int rootfd, struct error *err) MUST_CHECK;

/*
 * In the maker: make the binds among them with ids shifted by the user namespace `userns`, or by
 * their own maps, into `sources`; the others become -1. Without a namespace (-1) those without
 * maps are left to mounting_add().
 */
int mounting_prepare(const struct container_spec *spec, int userns, int *sources,
                     struct error *err) MUST_CHECK;
