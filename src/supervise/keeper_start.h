/* SPDX-License-Identifier: MIT */

/*
 * Starting a keeper, by a command or by a supervisor that lost its own
 */

#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "util/macro.h"

struct error;

/* Make the folders of a stack's run. */
int keeper_start_folders(const char *project, struct error *err) MUST_CHECK;

/*
 * Start a keeper for `project`, detached from terminal and session; *pid_out is a child of the
 * caller. It ends at once when the stack has a keeper already.
 */
int keeper_start_new(const char *project, pid_t *pid_out, struct error *err) MUST_CHECK;

/* Is the keeper's lock held by anybody? */
bool keeper_start_is_kept(const char *project);
