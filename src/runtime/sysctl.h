/* SPDX-License-Identifier: MIT */

/*
 * Kernel parameters of a container's own namespaces
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"

struct container_spec;
struct error;

/* Pure: does `key` belong to a namespace that the container has of its own? */
bool sysctl_is_allowed(const char *key, const struct container_spec *spec);

/* Check those of `spec` before it starts: ERROR_INVALID names the first that is not allowed. */
int sysctl_check(const struct container_spec *spec, struct error *err) MUST_CHECK;

/*
 * Write them, and the defaults, through the container's /proc before it is made read-only. Those
 * of a network that is not its user namespace's are left to the maker.
 */
int sysctl_apply(int procfd, const struct container_spec *spec, struct error *err) MUST_CHECK;

/* In the maker, for the moment in that network. */
int sysctl_apply_network(const struct container_spec *spec, struct error *err) MUST_CHECK;
