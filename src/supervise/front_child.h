/* SPDX-License-Identifier: MIT */

/*
 * The front's own main function
 *
 * Runs in the child that front_start() forks and that then executes its own program again, as
 * `front PARENT`: takes messages from the socket and serves what they say until the other end
 * is closed.
 */

#pragma once

#define FRONT_CHILD_SOCKET 3

/* Does not return. `parent` is the supervisor's pid. */
_Noreturn void front_child_run(int parent);
