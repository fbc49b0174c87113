/* SPDX-License-Identifier: MIT */

/*
 * Health checks: commands run in a replica's container
 *
 * When they run and what their results mean is health.h's to say; this runs them, one at a
 * time per replica, as children of the supervisor.
 */

#pragma once

struct replica;

/* The container has started (or was adopted): begin with its checks. */
void probe_begin(struct replica *replica);

/* Do what is due now and set the timer for what comes next. */
void probe_tick(struct replica *replica);

/* No more checks; a command under way is killed. */
void probe_end(struct replica *replica);
