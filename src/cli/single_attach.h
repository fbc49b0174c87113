/* SPDX-License-Identifier: MIT */

/*
 * Attaching to a single container that is about to start
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"

struct error;

struct single_attach {
    const char *name;
    const char *detach_keys; /* NULL: the usual ones */
    bool has_terminal, has_input, passes_signals;
};

/*
 * Start the container, show what it writes, pass on what it reads, and give its exit status.
 * *detached_out: the user left it to itself. It was made as awaited, or has a console.
 */
int single_attach_run(const struct single_attach *attach, int *status_out, bool *detached_out,
                      struct error *err) MUST_CHECK;
