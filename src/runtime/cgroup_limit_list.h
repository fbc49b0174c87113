/* SPDX-License-Identifier: MIT */

/*
 * What the processes of a cgroup may use: lists of cores, of devices, of page sizes
 */

#pragma once

#include "util/macro.h"

struct cgroup;
struct container_resources;
struct error;

/* As cgroup_limit_apply_resources(), of which it is the second part. */
int cgroup_limit_list_apply(const struct cgroup *cgroup,
                            const struct container_resources *resources,
                            struct error *err) MUST_CHECK;

unsigned cgroup_limit_list_find_controllers(const struct container_resources *resources);
