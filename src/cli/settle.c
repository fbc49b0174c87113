/* SPDX-License-Identifier: MIT */

/*
 * Has a command reached what it was to reach?
 */

#include "cli/settle.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/text.h"

enum state { PENDING, RUNNING, STOPPING, STOPPED, COMPLETED, FAILED, STATE_COUNT };

static const char *const state_names[STATE_COUNT] = {
    [PENDING] = "pending", [RUNNING] = "running",     [STOPPING] = "stopping",
    [STOPPED] = "stopped", [COMPLETED] = "completed", [FAILED] = "failed",
};

static enum state find_state(const struct json *replica)
{
    const char *name = json_find_text(replica, "state", "");

    for (size_t i = 0; i < STATE_COUNT; i++) {
        if (strcmp(state_names[i], name) == 0)
            return (enum state)i;
    }
    return PENDING;
}

/* How a replica stands that needs no second look, per goal and state. */
static const struct row {
    enum progress_state state;
    const char *status; /* NULL: look closer */
} rows[SETTLE_GOAL_COUNT][STATE_COUNT] = {
    [SETTLE_STARTED] = {
        [PENDING] = { 0 },
        [RUNNING] = { PROGRESS_DONE, "Started" },
        [STOPPING] = { PROGRESS_WORKING, "Stopping" },
        [STOPPED] = { PROGRESS_WORKING, "Stopped" },
        [COMPLETED] = { PROGRESS_DONE, "Exited" },
        [FAILED] = { 0 },
    },
    [SETTLE_HEALTHY] = {
        [PENDING] = { 0 },
        [RUNNING] = { 0 },
        [STOPPING] = { PROGRESS_WORKING, "Stopping" },
        [STOPPED] = { PROGRESS_WORKING, "Stopped" },
        [COMPLETED] = { PROGRESS_DONE, "Exited" },
        [FAILED] = { 0 },
    },
    [SETTLE_STOPPED] = {
        [PENDING] = { PROGRESS_WORKING, "Stopping" },
        [RUNNING] = { PROGRESS_WORKING, "Stopping" },
        [STOPPING] = { PROGRESS_WORKING, "Stopping" },
        [STOPPED] = { PROGRESS_DONE, "Stopped" },
        [COMPLETED] = { PROGRESS_DONE, "Exited" },
        [FAILED] = { PROGRESS_DONE, "Exited" },
    },
};

static const struct json *find_replica(const struct json *stack, const char *id)
{
    const struct json *replica = json_first(json_find(stack, "replicas"));

    while (replica && strcmp(json_find_text(replica, "id", ""), id) != 0)
        replica = json_next(replica);
    return replica;
}

/* How often the replica was restarted since the command began. */
static int64_t count_restarts(const struct settle_request *request, const struct json *replica)
{
    const struct json *before = find_replica(request->before, json_find_text(replica, "id", ""));
    int64_t restarts = json_find_int(replica, "restarts", 0);

    /* A replica with another id is a new one, which counts from zero. */
    if (before)
        restarts -= json_find_int(before, "restarts", 0);
    return restarts;
}

bool settle_concerns(const struct settle_request *request, const struct json *replica)
{
    return !request->services || request->services->count == 0 ||
           strings_has(request->services, json_find_text(replica, "service", ""));
}

static void set_step(struct settle_step *out, enum progress_state state, const char *status,
                     const char *detail)
{
    out->state = state;
    snprintf(out->status, sizeof(out->status), "%s%s%s", status, detail[0] ? ": " : "", detail);
}

/* Has its health check given it up since the command began? That it starts anew heals little. */
static bool was_unhealthy(const struct settle_request *request, const struct json *replica)
{
    if (strcmp(json_find_text(replica, "step", ""), "failing") == 0)
        return true;
    return request->begin_ms > 0 && json_find_int(replica, "ended_ms", 0) >= request->begin_ms &&
           strcmp(json_find_text(replica, "exit_kind", ""), "unhealthy") == 0;
}

static void judge_running(const struct json *replica, struct settle_step *out)
{
    const char *health = json_find_text(replica, "health", "");

    if (health[0] == '\0')
        set_step(out, PROGRESS_DONE, "Started", "");
    else if (strcmp(health, "healthy") == 0)
        set_step(out, PROGRESS_DONE, "Healthy", "");
    else if (strcmp(health, "unhealthy") == 0)
        set_step(out, PROGRESS_FAILED, "Unhealthy", "");
    else
        set_step(out, PROGRESS_WORKING, "Waiting", health);
}

/* Did it start since the command began, and not just try to? */
static bool has_started(const struct settle_request *request, const struct json *replica)
{
    return request->begin_ms > 0 && json_find_int(replica, "started_ms", 0) >= request->begin_ms &&
           strcmp(json_find_text(replica, "exit_kind", ""), "start") != 0;
}

/* Does it wait for what has failed, and so for nothing? */
static bool is_blocked(const struct json *replica)
{
    return json_find_bool(replica, "blocked", false);
}

static void judge_pending(const struct settle_request *request, const struct json *replica,
                          struct settle_step *out)
{
    const char *waiting = json_find_text(replica, "waiting", "");
    bool started = has_started(request, replica);

    if (started && request->goal == SETTLE_STARTED)
        set_step(out, PROGRESS_DONE, "Started", "");
    else if (started)
        set_step(out, PROGRESS_WORKING, "Restarting", waiting);
    else if (is_blocked(replica))
        set_step(out, PROGRESS_FAILED, "Waiting", waiting);
    else
        set_step(out, PROGRESS_WORKING, waiting[0] ? "Waiting" : "Starting", waiting);
}

/* Is the replica of an older definition, and about to be replaced? */
static bool is_old(const struct json *replica)
{
    return !json_find_bool(replica, "current", true);
}

void settle_replica(const struct settle_request *request, const struct json *replica,
                    struct settle_step *out)
{
    enum state state = find_state(replica);
    const struct row *row = &rows[request->goal][state];

    if (is_old(replica) && request->goal != SETTLE_STOPPED && state != STOPPING)
        set_step(out, PROGRESS_WORKING, "Replacing", "");
    else if (request->goal == SETTLE_HEALTHY && was_unhealthy(request, replica))
        set_step(out, PROGRESS_FAILED, "Unhealthy", "");
    else if (row->status)
        set_step(out, row->state, row->status, "");
    else if (state == FAILED && request->goal == SETTLE_STARTED && has_started(request, replica))
        set_step(out, PROGRESS_DONE, "Exited", json_find_text(replica, "exit_reason", ""));
    else if (state == FAILED)
        set_step(out, PROGRESS_FAILED, "Failed", json_find_text(replica, "exit_reason", ""));
    else if (state == RUNNING)
        judge_running(replica, out);
    else
        judge_pending(request, replica, out);
    if (request->goal != SETTLE_STOPPED && out->state == PROGRESS_WORKING &&
        count_restarts(request, replica) >= SETTLE_RESTARTS_MAX)
        set_step(out, PROGRESS_FAILED, "Keeps failing", json_find_text(replica, "exit_reason", ""));
}

/* Are there as many replicas of each service as are wanted? They may not all exist yet. */
static bool has_all_replicas(const struct settle_request *request, const struct json *stack)
{
    const struct json *service = json_first(json_find(stack, "services"));

    for (; service; service = json_next(service)) {
        const char *name = json_find_text(service, "name", "");
        const struct json *replica = json_first(json_find(stack, "replicas"));
        int64_t count = 0;

        if (request->services && request->services->count > 0 &&
            !strings_has(request->services, name))
            continue;
        for (; replica; replica = json_next(replica))
            count += text_equal(json_find_text(replica, "service", ""), name) && !is_old(replica);
        if (count < json_find_int(service, "desired", 0))
            return false;
    }
    return true;
}

/* A service whose update was given up, or NULL. */
static const struct json *find_failed_update(const struct settle_request *request,
                                             const struct json *stack)
{
    const struct json *service = json_first(json_find(stack, "services"));

    for (; request->updates && service; service = json_next(service)) {
        const char *update = json_find_text(service, "update", "");

        if (strcmp(update, "paused") == 0 || strcmp(update, "rolled back") == 0)
            return service;
    }
    return NULL;
}

enum settle_verdict settle_decide(const struct settle_request *request, const struct json *stack,
                                  const struct json **failed_out)
{
    const struct json *replica = json_first(json_find(stack, "replicas"));
    bool all_done = true;

    *failed_out = find_failed_update(request, stack);
    if (*failed_out)
        return SETTLE_FAILED;
    for (; replica; replica = json_next(replica)) {
        struct settle_step step;

        if (!settle_concerns(request, replica))
            continue;
        settle_replica(request, replica, &step);
        /* What failed tells more than what waits for it. */
        if (step.state == PROGRESS_FAILED && (!*failed_out || is_blocked(*failed_out)))
            *failed_out = replica;
        all_done = all_done && step.state == PROGRESS_DONE;
    }
    if (*failed_out)
        return SETTLE_FAILED;
    if (request->goal == SETTLE_STOPPED)
        return all_done ? SETTLE_DONE : SETTLE_WORKING;
    if (json_find_bool(stack, "settled", false))
        return SETTLE_DONE;
    return all_done && has_all_replicas(request, stack) ? SETTLE_DONE : SETTLE_WORKING;
}
