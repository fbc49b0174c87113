/* SPDX-License-Identifier: MIT */

/*
 * A small init: process 1 of a container that forwards signals and reaps
 */

#pragma once

#include <sys/types.h>

/*
 * Be the init of the process `child` until it ends; all signals are blocked since before it
 * was made. Ends the calling process with the child's exit code, or 128 + its signal.
 */
_Noreturn void init_run(pid_t child);
