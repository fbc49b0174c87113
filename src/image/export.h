/* SPDX-License-Identifier: MIT */

/*
 * A root file system becomes the archive of one
 *
 * Of an image or of a container: its layers are read as the one tree that they are together, and
 * nothing in them is changed. Files of a running container are taken as they are when their turn
 * comes.
 */

#pragma once

#include "image/image.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

/* Write a tar of what is in `layers` (topmost first), with owners, times and attributes. */
int export_tree(const struct strings *layers, int fd, const struct image_progress *progress,
                struct error *err) MUST_CHECK;
