/* SPDX-License-Identifier: MIT */

/*
 * The supervisor's part in single containers (single.h)
 */

#pragma once

#include <stdbool.h>

struct crew;

bool single_step_is_for(const struct crew *crew);

/* At the supervisor's first start: only what restarts always runs again. */
void single_step_begin(struct crew *crew);

/*
 * Remove the containers that have ended and asked for it, once those who wait for their exit
 * status have it; end the supervisor when it has had none for a while.
 */
void single_step(struct crew *crew);
