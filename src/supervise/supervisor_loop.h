/* SPDX-License-Identifier: MIT */

/*
 * The supervisor's process: set up, loop, end
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"

struct error;

/* Supervise `project` until it is taken down; returns the exit status of the process. */
int supervisor_loop_run(const char *project);

/*
 * Take the stack's lock, which one supervisor at a time holds; closing *fd_out releases it.
 * Without `wait` a lock that is held is ERROR_EXISTS.
 */
int supervisor_loop_lock(const char *project, bool wait, int *fd_out, struct error *err) MUST_CHECK;
