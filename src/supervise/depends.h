/* SPDX-License-Identifier: MIT */

/*
 * depends_on: who waits for whom, when starting and when stopping
 */

#pragma once

#include <stdbool.h>

struct crew;
struct replica;

/* Do all conditions of the replica's service hold? What does not is its `waiting` text. */
bool depends_are_met(const struct crew *crew, struct replica *replica);

/* While the stack stops: do replicas still run whose service depends on this one's? */
bool depends_must_outlive(const struct crew *crew, const struct replica *replica);
