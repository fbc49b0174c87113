/* SPDX-License-Identifier: MIT */

/*
 * A request to the supervisor, followed until it has had its effect
 *
 * The request and the stream of events have threads of their own (background.h); the main one
 * asks for the state, draws progress and decides.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cli/progress.h"
#include "cli/settle.h"
#include "util/json.h"
#include "util/macro.h"

struct error;

struct follow_request {
    const char *project;
    const char *path;  /* POST here first, or NULL */
    struct json *body; /* owned from follow_run() on, may be NULL */
    struct settle_request settle;
    struct progress *progress;
    int64_t timeout_ms; /* OPTION_UNSET: as long as it takes */
    int signal_fd;      /* of background_open_signals() */
};

enum follow_end {
    FOLLOW_DONE,
    FOLLOW_FAILED,      /* a replica failed: `replica` of the answer says which */
    FOLLOW_INTERRUPTED, /* Ctrl-C or SIGTERM */
    FOLLOW_GONE,        /* there is no supervisor any more: the stack is down */
};

struct follow_answer {
    enum follow_end end;
    char *replica; /* "login-1", or "login" for its update; the caller frees both */
    char *reason;
};

/* ERROR_TIMEOUT names what it still waits for. */
int follow_run(struct follow_request *request, struct follow_answer *out,
               struct error *err) MUST_CHECK;

/* Show how each replica of `stack` stands. */
void follow_show(const struct follow_request *request, const struct json *stack);
