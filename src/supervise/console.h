/* SPDX-License-Identifier: MIT */

/*
 * The console of a container whose input is open, or that has a terminal
 *
 * A small process of its own, a child of the keeper, that stands between the container's pipes
 * (or the master of its terminal), the log and whoever is attached. So the container notices
 * neither the death of the supervisor nor that of a client. It listens at
 * RUN/stacks/PROJECT/consoles/ID.sock (0600), copies all output to the log and to each client,
 * and ends once the container has closed its output and everything is written. A client that
 * does not read holds the container up, as a pipe would.
 *
 * The order for a start: console_open(), the container with console.given, console_run(); or,
 * when the container did not start, console_close() alone.
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"

struct error;

struct console {
    char *path;   /* of the socket */
    int listener; /* -1: none of these descriptors is open */
    int logs[2];  /* stdout, stderr; given by the caller, closed with the console */
    int given[3]; /* the container's ends of the pipes; -1 with a terminal, or no input */
    int own[3];   /* ours; with a terminal own[0] is its master */
    bool has_terminal;
    bool has_input; /* else, without a terminal, the container reads nothing; set before opening */
    bool waits;     /* nothing is read from the container until somebody is attached */
};

#define CONSOLE_NONE                                                                       \
    {                                                                                      \
        .listener = -1, .logs = { -1, -1 }, .given = { -1, -1, -1 }, .own = { -1, -1, -1 } \
    }
#define AUTO_CONSOLE __attribute__((cleanup(console_close)))

/* Listen at `path`, whose folder is made, and make the pipes unless there is a terminal. */
int console_open(const char *path, bool has_terminal, struct console *out,
                 struct error *err) MUST_CHECK;

/*
 * Start the process, once the container has started; `master` is its terminal's, or -1. The
 * caller closes *pidfd_out.
 */
int console_run(struct console *console, int master, int *pidfd_out, struct error *err) MUST_CHECK;

/* Close what is open on this side. */
void console_close(struct console *console);
