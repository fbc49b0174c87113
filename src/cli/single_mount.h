/* SPDX-License-Identifier: MIT */

/*
 * --volume and --mount of `carte run` become mounts of a stack file
 */

#pragma once

#include "cli/single_option.h"
#include "util/json.h"
#include "util/macro.h"

struct error;

/*
 * Add the mounts to the service, and the volumes they name to `volumes`. ERROR_INVALID: --mount
 * with a key or a value that there is not. ERROR_UNSUPPORTED: with one that is not built.
 */
int single_mount_add(const struct single_options *options, struct json *service,
                     struct json *volumes, struct error *err) MUST_CHECK;
