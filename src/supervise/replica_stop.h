/* SPDX-License-Identifier: MIT */

/*
 * Stopping a replica so that no request is refused
 *
 * First it leaves rotation: the rules that do not name it are in force before anything else
 * happens. Then connections that it has may end (for a bounded time, and only where others
 * serve on); then comes the stop signal, and after the grace period the end of all processes.
 */

#pragma once

struct replica;

/* Out of rotation; the drain begins, or the signal is sent at once. */
void replica_stop_begin(struct replica *replica);

/* A moment of the drain has passed: go on waiting, or send the signal. */
void replica_stop_drain(struct replica *replica);

/* Kill all its processes, and try again in a while if some are left. */
void replica_stop_kill(struct replica *replica);
