/* SPDX-License-Identifier: MIT */

/*
 * What up, scale, start, stop and restart have in common: ask the supervisor for a change, show
 * how it goes, and tell what failed and why
 */

#pragma once

#include <stdint.h>

#include "cli/progress.h"
#include "cli/settle.h"
#include "util/json.h"
#include "util/macro.h"

struct command_call;
struct error;

struct action {
    const char *project;
    const char *title;            /* of the progress block: "Running" */
    const char *path;             /* of the control API */
    struct json *body;            /* owned from action_run() on, may be NULL */
    struct settle_request settle; /* `before` and `begin_ms` are filled in when they are not */
    int64_t timeout_ms;           /* OPTION_UNSET: as long as it takes */
    int signal_fd;                /* of background_open_signals() */
};

/*
 * Returns 0 when the goal is reached. When a replica failed, its last log lines are printed and
 * the error says which and why; Ctrl-C is an error with the exit status 130.
 */
int action_run(struct command_call *call, struct action *action, struct error *err) MUST_CHECK;
