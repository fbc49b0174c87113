/* SPDX-License-Identifier: MIT */

/*
 * Which namespaces a container has: made, the caller's, or joined
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/spec.h"
#include "util/macro.h"

struct error;

/* Does the container get a namespace that is not the caller's? */
bool namespace_is_own(const struct container_spec *spec, enum container_namespace which);

/* Is it made for the container? */
bool namespace_is_new(const struct container_spec *spec, enum container_namespace which);

/* ERROR_INVALID, ERROR_UNSUPPORTED: what cannot be combined. */
int namespace_check(const struct container_spec *spec, struct error *err) MUST_CHECK;

/* As process_fork(), with the child in those of its namespaces that exist from its birth. */
pid_t namespace_fork(const struct container_spec *spec, int cgroup_fd, int *pidfd_out,
                     struct error *err) MUST_CHECK;

/* The same for one joined namespace of processes only, which the process `pidfd` is in. */
pid_t namespace_fork_beside(int pidfd, int cgroup_fd, int *pidfd_out, struct error *err) MUST_CHECK;

/* In the child, first of all: enter those that are joined and that it was not born in. */
int namespace_enter(const struct container_spec *spec, struct error *err) MUST_CHECK;

/* In the child, as a member of its cgroups. */
int namespace_enter_cgroup(const struct container_spec *spec, struct error *err) MUST_CHECK;
