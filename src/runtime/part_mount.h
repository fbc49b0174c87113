/* SPDX-License-Identifier: MIT */

/*
 * Mounts that are a part of a file system made for them
 *
 * The kernel takes parts only of what is attached somewhere: the file system is attached over
 * the folder `upper` of the part, in the container's own mount namespace, and is out of reach
 * for the container once its root has changed.
 */

#pragma once

#include "util/macro.h"

struct container_mount;
struct error;

/* A folder or file of other layers; links in its path lead no further than the layers. */
int part_mount_layers(const struct container_mount *mount, int *out, struct error *err) MUST_CHECK;

/* A file with the bytes of `mount`, in memory that is not swapped. */
int part_mount_file(const struct container_mount *mount, int *out, struct error *err) MUST_CHECK;
