/* SPDX-License-Identifier: MIT */

/*
 * Asking before much is removed
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"

struct command_call;
struct error;

/*
 * "this removes WHAT. Go on?" unless `force`. Where nobody can be asked, without a terminal, it
 * is an error of the command line.
 */
int confirm_removal(struct command_call *call, bool force, const char *what, bool *agreed_out,
                    struct error *err) MUST_CHECK;
