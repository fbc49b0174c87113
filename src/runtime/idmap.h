/* SPDX-License-Identifier: MIT */

/*
 * User namespaces: what an id inside is outside
 */

#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "util/macro.h"

struct container_id_map;
struct container_id_maps;
struct error;

/* ERROR_INVALID: a map is empty, overlaps another, or goes past the last id. */
int idmap_check(const struct container_id_maps *maps, struct error *err) MUST_CHECK;

/* Give the new user namespace that the process `pid` is in its maps. */
int idmap_write(pid_t pid, const struct container_id_maps *maps, struct error *err) MUST_CHECK;

/* A user namespace with `maps` and without a process, open as `out`. */
int idmap_open(const struct container_id_maps *maps, int *out, struct error *err) MUST_CHECK;

/* The id outside of `inside`; -1: it has none. */
int64_t idmap_find_outside(const struct container_id_map *maps, size_t count, uint32_t inside);
