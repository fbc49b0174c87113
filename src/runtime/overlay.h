/* SPDX-License-Identifier: MIT */

/*
 * The layers of an image and a writable one as one file system
 */

#pragma once

#include "util/macro.h"

struct container_spec;
struct error;

/* Mount the layers of `spec` and attach them over its upper folder; `out` is the mount. */
int overlay_mount(const struct container_spec *spec, int *out, struct error *err) MUST_CHECK;

/* Ask the kernel once how it wants its layers, so that children of the caller know it. */
void overlay_probe(void);
