/* SPDX-License-Identifier: MIT */

/*
 * Where a process that is all but its program waits for its release
 *
 * A listening socket with a path. Who connects releases the process, and hears over the
 * connection how the program was executed (channel.h). It outlives its maker, and when the process
 * dies nobody can connect any more.
 */

#pragma once

#include "util/macro.h"

struct error;

/* ERROR_EXISTS: there is something at `path`. */
int gate_open(const char *path, int *out, struct error *err) MUST_CHECK;

/* ERROR_EXISTS: no process waits there (any more). */
int gate_connect(const char *path, int *out, struct error *err) MUST_CHECK;
