/* SPDX-License-Identifier: MIT */

/*
 * What the processes of a cgroup may use
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/macro.h"

struct cgroup;
struct container_limits;
struct container_resources;
struct error;

/*
 * Apply `limits` to `cgroup`. A limit of zero is left as it is in a new cgroup, or lifted with
 * `update`. On failure some may be applied; the caller removes a new cgroup.
 *
 * ERROR_UNSUPPORTED: a limit is asked for whose controller this host has not enabled.
 */
int cgroup_limit_apply(const struct cgroup *cgroup, const struct container_limits *limits,
                       bool update, struct error *err) MUST_CHECK;

/* The same of all that is given but rules for devices. */
int cgroup_limit_apply_resources(const struct cgroup *cgroup,
                                 const struct container_resources *resources,
                                 struct error *err) MUST_CHECK;

/* The controllers that `resources` (or NULL) ask for: bit n for controller n. */
unsigned cgroup_limit_find_controllers(const struct container_resources *resources);

/* Pure: shares of version 1, 2..262144, as a weight of version 2, 1..10000. */
uint64_t cgroup_limit_convert_shares(uint64_t shares);
