/* SPDX-License-Identifier: MIT */

/*
 * The user's descriptors, connected to the console of a container
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"

struct detach_keys;
struct error;

struct console_client {
    int fd;            /* connected to the console; -1: not yet */
    bool has_terminal; /* the container has; the user's is put into raw mode if there is one */
    bool has_input;    /* the user's standard input is passed on, and its end */
    struct detach_keys *detach; /* of a terminal; NULL: none */
    /* Told of signals that came, unless there is a terminal; NULL: they act as always. */
    void (*pass_signal)(void *context, int number);
    void *context;
};

enum console_client_end {
    CONSOLE_CLIENT_ENDED,    /* the container has closed its output, and all of it was shown */
    CONSOLE_CLIENT_DETACHED, /* by the detach keys */
};

/* Connect to the console at `path`. ERROR_NOT_FOUND: there is none. */
int console_client_connect(struct console_client *client, const char *path,
                           struct error *err) MUST_CHECK;

/* Relay until the end; the terminal's mode is put back in any case, and the descriptor closed. */
int console_client_run(struct console_client *client, enum console_client_end *out,
                       struct error *err) MUST_CHECK;
