/* SPDX-License-Identifier: MIT */

/*
 * Parts of /proc and /sys that a container must not read or must not write
 */

#pragma once

#include "util/macro.h"

struct error;

/* `procfd` and `sysfd` are the container's mounts, `devfd` its /dev with a null device. */
int mask_apply(int procfd, int sysfd, int devfd, struct error *err) MUST_CHECK;
