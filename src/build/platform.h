/* SPDX-License-Identifier: MIT */

/*
 * For which platform is built: this machine's
 */

#pragma once

#include "build/stage.h"
#include "util/macro.h"

struct error;

/* Add BUILDPLATFORM, TARGETPLATFORM and what they are made of. */
void platform_add_args(struct strings_map *args);

/* Whether `name` is one of them. */
bool platform_is_arg(const char *name);

/* "linux/amd64" */
char *platform_own(void) MUST_CHECK;

/* Whether `text`, as people write it, names this machine's platform. ERROR_INVALID: it is none. */
int platform_is_own(const char *text, bool *out, struct error *err) MUST_CHECK;
