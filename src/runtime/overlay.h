/* SPDX-License-Identifier: MIT */

/*
 * The layers of an image and a writable one as one file system
 */

#pragma once

#include "util/macro.h"

struct error;
struct strings;

struct overlay {
    const struct strings *lower; /* topmost first */
    const char *upper, *work;
};

/*
 * The layers as a mount that hangs nowhere, with the ids of the lower ones shifted by the user
 * namespace open as `userns`.
 */
int overlay_make(const struct overlay *overlay, int userns, int *out, struct error *err) MUST_CHECK;

/* Mount the layers and attach them over the upper folder; `out` is the mount. */
int overlay_mount(const struct overlay *overlay, int *out, struct error *err) MUST_CHECK;

/* Ask the kernel once how it wants its layers, so that children of the caller know it. */
void overlay_probe(void);
