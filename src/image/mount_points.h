/* SPDX-License-Identifier: MIT */

/*
 * What a runtime leaves in a writable layer to mount things on
 */

#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "image/merged.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

/* Does every container have something mounted there? "etc/hosts" */
bool mount_points_has(const char *path);

/*
 * Remove from `tree`, which lies on `below`, the mount points that every container has and those at
 * `paths`, if they are empty and were not there before.
 */
int mount_points_remove(const struct merged *below, int tree, const struct strings *paths,
                        struct error *err) MUST_CHECK;
