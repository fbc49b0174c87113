/* SPDX-License-Identifier: MIT */

/*
 * The devices of a container: the content of /dev and the cgroup's rules
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/macro.h"

struct cgroup;
struct error;

/*
 * Make /dev below `rootfd`, with pts, shm and mqueue. `devfd_out` is the new mount.
 * With `console` there is a file to attach the terminal to.
 */
int device_make_folder(int rootfd, uint64_t shm_bytes, bool console, int *devfd_out,
                       struct error *err) MUST_CHECK;

/* Version 1: deny all but the listed devices to the cgroup, before anything joins it. */
int device_limit_v1(const struct cgroup *cgroup, struct error *err) MUST_CHECK;

/* Version 2: the same by a program on the cgroup, after the devices were made. */
int device_limit_v2(const struct cgroup *cgroup, struct error *err) MUST_CHECK;
