/* SPDX-License-Identifier: MIT */

/*
 * The front's own main function
 *
 * Runs in the child that front_start() forks: takes messages from the socket and serves what
 * they say until the other end is closed.
 */

#pragma once

/* Does not return. `parent` is the supervisor's pid. */
_Noreturn void front_child_run(int socket, int parent);
