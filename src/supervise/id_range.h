/* SPDX-License-Identifier: MIT */

/*
 * Ranges of user and group ids for containers in user namespaces of their own
 *
 * A range belongs to the data folder of a replica: CARTE_ROOT/ids/FIRST is a symbolic link to it.
 * So a restart finds the same ids, which own the files in the writable layer, and a range is
 * free again as soon as the folder is gone, whoever removed it.
 */

#pragma once

#include <stdint.h>

#include "util/macro.h"

struct error;

#define ID_RANGE_SIZE 65536

/* The first id of the range of `folder`, which exists; a free one if it has none yet. */
int id_range_take(const char *folder, uint32_t *first_out, struct error *err) MUST_CHECK;

/* The same without taking one: *first_out is 0 when it has none. */
int id_range_find(const char *folder, uint32_t *first_out, struct error *err) MUST_CHECK;

/* Remove the links of folders that are gone. */
int id_range_sweep(struct error *err) MUST_CHECK;
