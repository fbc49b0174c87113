/* SPDX-License-Identifier: MIT */

/*
 * The file system of a container, made inside of its own mount namespace
 */

#pragma once

#include "util/macro.h"

struct cgroup;
struct container_spec;
struct error;

/*
 * Build all of it and make it the root of the calling process, which is the first of its
 * namespaces and is a member of `cgroup` and of its own cgroup namespace afterwards. The host's
 * file systems are out of reach then.
 */
int rootfs_enter(const struct container_spec *spec, const struct cgroup *cgroup,
                 struct error *err) MUST_CHECK;
