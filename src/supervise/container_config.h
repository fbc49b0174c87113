/* SPDX-License-Identifier: MIT */

/*
 * The configuration of an image that runs by itself what a service runs: pure
 */

#pragma once

#include "image/image.h"
#include "stack/stack.h"

/* The image's, with what the service changes, in place of what `out` has. */
void container_config_make(const struct service *service, const struct image_config *image,
                           struct image_config *out);
