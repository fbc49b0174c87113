/* SPDX-License-Identifier: MIT */

/*
 * Removing what a stack left behind
 *
 * Kernel objects are found by their names, which derive from the stack's (supervisor.h), and
 * files by their folders, so that a sweep needs no record to be whole. Idempotent.
 */

#pragma once

#include "supervise/state.h"
#include "util/macro.h"

struct error;

/* Everything of the stack; no supervisor works on it, or this is its last act. */
int sweep_stack(const char *project, struct error *err) MUST_CHECK;

/* What belongs to replicas that none of `records` speaks of. */
void sweep_unknown(const char *project, struct state_replica *const *records, size_t count);
