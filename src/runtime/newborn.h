/* SPDX-License-Identifier: MIT */

/*
 * The first process of a container, from its birth to its program
 */

#pragma once

#include "util/macro.h"

struct cgroup;
struct container_spec;
struct error;
struct launch;
struct rootfs_parts;

/* In the child: become the container. Ends the process on failure, after a report. */
_Noreturn void newborn_run(const struct container_spec *spec, const struct cgroup *cgroup,
                           struct rootfs_parts *parts, struct launch *launch);
