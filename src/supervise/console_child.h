/* SPDX-License-Identifier: MIT */

/*
 * The console's own main function
 *
 * Runs in the process that console_run() makes and that then executes its own program again, as
 * `console terminal|pipes [wait]`, with these descriptors open.
 */

#pragma once

#include <stdbool.h>

enum console_child_fd {
    CONSOLE_CHILD_LISTENER,
    CONSOLE_CHILD_LOG_STDOUT,
    CONSOLE_CHILD_LOG_STDERR,
    CONSOLE_CHILD_INPUT,  /* or the terminal */
    CONSOLE_CHILD_STDOUT, /* or the terminal */
    CONSOLE_CHILD_STDERR, /* not with a terminal */
    CONSOLE_CHILD_FDS,
};

/* The number of the first of them. */
#define CONSOLE_CHILD_FIRST 3

/* Returns the exit status. `waits`: read nothing until somebody is attached, or 10 s are over. */
int console_child_run(bool has_terminal, bool waits);
