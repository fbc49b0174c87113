/* SPDX-License-Identifier: MIT */

/*
 * Pausing a replica: all its processes stop where they are
 *
 * A paused replica is out of rotation and its health is not checked. Whoever stops it lets it
 * go on first, so that it can obey.
 */

#pragma once

#include "util/macro.h"

struct error;
struct replica;

/* ERROR_EXISTS: it does not run, or is paused already. On failure it goes on. */
int replica_pause_begin(struct replica *replica, struct error *err) MUST_CHECK;

/* It goes on; one that is not paused is left alone. */
int replica_pause_end(struct replica *replica, struct error *err) MUST_CHECK;
