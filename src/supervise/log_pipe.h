/* SPDX-License-Identifier: MIT */

/*
 * The FIFO that a replica writes into
 *
 * Both ends open it for reading and writing, so that neither notices the death of the other.
 */

#pragma once

#include "util/macro.h"

struct error;

/* Make it if it is missing, and open the collector's end. */
int log_pipe_open(const char *path, int *fd_out, struct error *err) MUST_CHECK;

/* The replica's end, which blocks when it is full. */
int log_pipe_open_writer(const char *path, int *fd_out, struct error *err) MUST_CHECK;
