/* SPDX-License-Identifier: MIT */

/*
 * Removing what no image of the store needs
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/macro.h"
#include "util/strings.h"

struct error;
struct store;

/* See store_prune(). */
int prune_store(struct store *store, bool dangling, const struct strings *used,
                uint64_t *freed_bytes_out, struct error *err) MUST_CHECK;

/* Hold the store: shared while images are made (waits), or alone (ERROR_EXISTS: it is in use). */
int prune_lock(int store_fd, bool alone, struct error *err) MUST_CHECK;
