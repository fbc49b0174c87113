/* SPDX-License-Identifier: MIT */

/*
 * Stop all processes of a cgroup where they are, and let them go on
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/macro.h"

struct cgroup;
struct error;

/* ERROR_TIMEOUT: some process did not stop in time; all of them go on then. */
int cgroup_freezer_freeze(const struct cgroup *cgroup, int64_t timeout_ms,
                          struct error *err) MUST_CHECK;

int cgroup_freezer_thaw(const struct cgroup *cgroup, struct error *err) MUST_CHECK;

/* Also one whose processes are still about to stop, for which nobody may wait any more. */
bool cgroup_freezer_is_frozen(const struct cgroup *cgroup);
