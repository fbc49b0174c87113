/* SPDX-License-Identifier: MIT */

/*
 * Waiting for the process of a replica to end
 */

#pragma once

#include <stdint.h>

#include "util/json.h"
#include "util/macro.h"

struct error;

/*
 * Wait until the run of `replica` (of the state of `project`) is over, and give its exit status:
 * the program's own, 128 + the signal's number, 125 when nobody knows or the replica is gone.
 * Starts a thread, so signals to be polled for are blocked before.
 */
int replica_wait_exit(const char *project, const struct json *replica, int *status_out,
                      struct error *err) MUST_CHECK;
