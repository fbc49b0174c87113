/* SPDX-License-Identifier: MIT */

/*
 * Cgroup limits
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"

struct cgroup;
struct container_limits;
struct error;

/*
 * Apply `limits` to `cgroup`, in the order of the table in cgroup_limit.c. A limit of zero is
 * left as it is in a new cgroup, or lifted with `update`. On failure the limits before the
 * failed one stay applied; the caller removes the cgroup.
 *
 * ERROR_UNSUPPORTED: a limit is asked for whose controller this host has not enabled.
 */
int cgroup_limit_apply(const struct cgroup *cgroup, const struct container_limits *limits,
                       bool update, struct error *err) MUST_CHECK;
