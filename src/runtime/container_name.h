/* SPDX-License-Identifier: MIT */

/*
 * The names of containers
 */

#pragma once

#include "util/macro.h"

struct error;

/* ERROR_INVALID: `id`, or `parent` (or NULL), is not as struct container_spec wants it. */
int container_name_check(const char *parent, const char *id, struct error *err) MUST_CHECK;
