/* SPDX-License-Identifier: MIT */

/*
 * Volumes, bind mounts and files that a container finds in place
 */

#pragma once

#include "util/macro.h"

struct error;
struct image;
struct plan;

/*
 * Make what the plan's mounts need: volumes (filled from the image when they are new), missing
 * folders of bind mounts where the file allows it, configs and secrets. Idempotent. `run_folder`
 * is RUN/stacks/PROJECT.
 */
int volumes_prepare(const struct plan *plan, const struct image *image, const char *run_folder,
                    struct error *err) MUST_CHECK;
