/* SPDX-License-Identifier: MIT */

/*
 * Has the console of a replica shown all that the replica wrote?
 */

#pragma once

#include <stdbool.h>

struct replica;

/* Watch the console that was started just now; its pidfd is owned from then on. */
void replica_console_watch(struct replica *replica, int pidfd);

/* Is there a console that has not ended? One that an earlier supervisor started is not known. */
bool replica_console_is_alive(const struct replica *replica);

/* Forget it. */
void replica_console_leave(struct replica *replica);
