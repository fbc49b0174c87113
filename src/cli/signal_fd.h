/* SPDX-License-Identifier: MIT */

/*
 * Signals as something to poll for
 */

#pragma once

#include <stddef.h>

#include "util/macro.h"

struct error;

/*
 * Block `signals`, and open a descriptor that becomes readable when one comes and does not
 * block. Call it before any thread is started, which inherits the mask.
 */
int signal_fd_open(const int *signals, size_t count, int *out, struct error *err) MUST_CHECK;

/* The signal that has come, or 0. */
int signal_fd_take(int fd);
