/* SPDX-License-Identifier: MIT */

/*
 * Has a command reached what it was to reach?
 *
 * Pure: the state of a stack, as GET /v1/stack answers it, becomes a step for each replica, for
 * the progress display, and a verdict for the whole.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cli/progress.h"
#include "util/json.h"
#include "util/macro.h"
#include "util/strings.h"

enum settle_goal {
    SETTLE_STARTED, /* every replica has been started */
    SETTLE_HEALTHY, /* and is healthy, where it has a check */
    SETTLE_STOPPED, /* none runs */
    SETTLE_GOAL_COUNT,
};

enum settle_verdict { SETTLE_WORKING, SETTLE_DONE, SETTLE_FAILED };

/* A replica that failed as often since the command began is not waited for any longer. */
#define SETTLE_RESTARTS_MAX 5

struct settle_request {
    enum settle_goal goal;
    const struct strings *services; /* NULL or empty: all */
    const struct json *before;      /* the state before the command, or NULL */
    int64_t begin_ms;               /* wall time when it began */
    bool updates;                   /* a new definition is rolled out: its failure is ours */
};

struct settle_step {
    enum progress_state state;
    char status[160];
};

/* Does the command speak of this replica? */
bool settle_concerns(const struct settle_request *request, const struct json *replica);

void settle_replica(const struct settle_request *request, const struct json *replica,
                    struct settle_step *out);

/*
 * With SETTLE_FAILED, *failed_out is the replica, or the service whose update failed (a replica
 * has a member "index"); borrowed from `stack`.
 */
enum settle_verdict settle_decide(const struct settle_request *request, const struct json *stack,
                                  const struct json **failed_out);
