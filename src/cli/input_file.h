/* SPDX-License-Identifier: MIT */

/*
 * What a command reads
 */

#pragma once

#include "util/macro.h"

struct command_call;
struct error;

/* Open `path`; NULL and "-" are the standard input, which is refused when it is a terminal. */
int input_file_open(struct command_call *call, const char *path, struct error *err) MUST_CHECK;
