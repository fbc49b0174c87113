/* SPDX-License-Identifier: MIT */

/*
 * `up` in the foreground: the output of all replicas, until Ctrl-C or until all have ended
 *
 * Ctrl-C asks the supervisor to stop the stack, the second one to kill it.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/macro.h"

struct command_call;
struct error;
struct json;
struct strings;

struct attach {
    const char *project;
    const struct strings *services; /* whose output is shown; empty: all */
    bool prefix, timestamps;
    int64_t begin_ms;   /* wall time: show the output from then on */
    int64_t timeout_ms; /* of a graceful stop; OPTION_UNSET: as the file says */
    int signal_fd;      /* of background_open_signals() */
    bool stop_at_once;  /* the first Ctrl-C has come already */
};

int attach_run(struct command_call *call, const struct attach *attach,
               struct error *err) MUST_CHECK;

/*
 * Pure: "login-1 exited with code 1" for each replica that has ended between the two states;
 * the caller frees the strings.
 */
void attach_find_exits(const struct json *before, const struct json *after, struct strings *out);
