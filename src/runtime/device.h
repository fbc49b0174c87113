/* SPDX-License-Identifier: MIT */

/*
 * The devices of a container: what is in /dev
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"

struct container_device;
struct container_spec;
struct error;

/* Those that every container has, made or only used; `path` is NULL of the latter. */
const struct container_device *device_defaults(size_t *count_out);
#define DEVICE_ANY_MINOR UINT32_MAX

/*
 * Make /dev below `rootfd`, with the default devices, pts, shm and mqueue. `devfd_out` is the
 * new mount. With a terminal there is a file to attach it to.
 */
int device_make_folder(const struct container_spec *spec, int rootfd, int *devfd_out,
                       struct error *err) MUST_CHECK;

/*
 * Of a bare container: the default devices and links, in the /dev that it has mounted or in that
 * of its root. One that is the host's own is left as it is.
 */
int device_complete(const struct container_spec *spec, int rootfd, struct error *err) MUST_CHECK;

/* Those of the spec. */
int device_make_listed(const struct container_spec *spec, int rootfd, struct error *err) MUST_CHECK;
