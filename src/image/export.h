/* SPDX-License-Identifier: MIT */

/*
 * A root file system becomes the archive of one
 *
 * Of an image or of a container: its layers are read as the one tree that they are together, and
 * nothing in them is changed. Files of a running container are taken as they are when their turn
 * comes.
 */

#pragma once

#include <stdbool.h>

#include "image/id_shift.h"
#include "image/image.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

/*
 * Write a tar of the file or folder `path` in `layers` (topmost first) and all that is below it,
 * under `name`; an empty one: what is in the folder alone. A symbolic link is followed only with
 * `follow`. ERROR_NOT_FOUND: there is nothing.
 */
struct export_part {
    const char *path, *name;
    bool follow;
    struct id_shift ids; /* of the container that it is read from */
};
int export_part(const struct strings *layers, const struct export_part *part, int fd,
                struct error *err) MUST_CHECK;

/*
 * Write a tar of what is in `layers` (topmost first), with owners, times and attributes; `ids` are
 * those of the container that has written the topmost.
 */
int export_tree(const struct strings *layers, const struct id_shift *ids, int fd,
                const struct image_progress *progress, struct error *err) MUST_CHECK;
