/* SPDX-License-Identifier: MIT */

/*
 * Parts of /proc and /sys that a container must not read or must not write
 */

#pragma once

#include "util/macro.h"

struct container_spec;
struct error;
struct rootfs;

/*
 * Those that the spec names, else our own list, which a bare or privileged container does not
 * have. A path that does not exist needs no cover.
 */
int mask_apply(const struct container_spec *spec, const struct rootfs *rootfs,
               struct error *err) MUST_CHECK;
