/* SPDX-License-Identifier: MIT */

/*
 * What a container sees of its cgroups
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"

struct cgroup;
struct error;

/*
 * Attach to the open folder `target` the container's own part: of version 2 alone that
 * itself, else a folder for each hierarchy.
 */
int cgroup_mount_attach(const struct cgroup *cgroup, int target, bool writable,
                        struct error *err) MUST_CHECK;
