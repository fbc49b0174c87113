/* SPDX-License-Identifier: MIT */

/*
 * Which devices the processes of a cgroup may use
 */

#pragma once

#include <stddef.h>

#include "util/macro.h"

struct cgroup;
struct container_device_rule;
struct container_spec;
struct error;

/* Version 1: before anything joins the cgroup; nothing on version 2. */
int device_rule_apply_v1(const struct cgroup *cgroup, const struct container_spec *spec,
                         struct error *err) MUST_CHECK;

/* Version 2: by a program on the cgroup, after the devices were made; nothing on version 1. */
int device_rule_apply_v2(const struct cgroup *cgroup, const struct container_spec *spec,
                         struct error *err) MUST_CHECK;

/*
 * Other rules for a container that runs; the default devices stay allowed. On version 2 the
 * programs change in one step.
 */
int device_rule_replace(const struct cgroup *cgroup, const struct container_device_rule *rules,
                        size_t count, struct error *err) MUST_CHECK;

/* ERROR_INVALID: a type or an access that does not exist. */
int device_rule_check(const struct container_device_rule *rules, size_t count,
                      struct error *err) MUST_CHECK;
