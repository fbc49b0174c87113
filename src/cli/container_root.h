/* SPDX-License-Identifier: MIT */

/*
 * The root of a container, as its own processes see it, or would
 */

#pragma once

#include "util/macro.h"

struct container_find;
struct error;

/*
 * Open the root folder. Of a container that runs it has what is mounted into it; of one that does
 * not, its layers are mounted for this process alone, which has one thread.
 */
int container_root_open(const struct container_find *found, int *out, struct error *err) MUST_CHECK;
