/* SPDX-License-Identifier: MIT */

/*
 * Is a replica healthy: from the results of its probes
 */

#include "supervise/health.h"

#include "util/macro.h"

void health_begin(struct health *health, const struct service_healthcheck *check, int64_t now_ms)
{
    bool checked = check->probe == SERVICE_PROBE_CMD || check->probe == SERVICE_PROBE_SHELL;

    *health = (struct health){
        .status = checked ? HEALTH_STARTING : HEALTH_NONE,
        .started_ms = now_ms,
        .due_ms = now_ms,
        .counts_ms = now_ms + MAX(check->interval_ms, check->start_period_ms),
        .early_gap_ms = HEALTH_EARLY_MS,
    };
}

enum health_step health_decide(const struct health *health, const struct service_healthcheck *check,
                               int64_t now_ms, int64_t *at_ms)
{
    *at_ms = HEALTH_NEVER;
    if (health->status == HEALTH_NONE)
        return HEALTH_WAIT;
    *at_ms = health->probing ? health->due_ms + check->timeout_ms : health->due_ms;
    if (now_ms < *at_ms)
        return HEALTH_WAIT;
    return health->probing ? HEALTH_ABORT : HEALTH_PROBE;
}

void health_probe_began(struct health *health, int64_t now_ms)
{
    health->probing = true;
    health->due_ms = now_ms;
}

/* Early probes end with the first success, or when the replica was found unhealthy. */
static int64_t next_gap(struct health *health, const struct service_healthcheck *check)
{
    int64_t longest_ms = MIN(check->start_interval_ms, check->interval_ms);
    int64_t gap_ms = health->early_gap_ms;

    if (health->succeeded || health->status == HEALTH_UNHEALTHY)
        return check->interval_ms;
    health->early_gap_ms = MIN(gap_ms + gap_ms / 2, MAX(longest_ms, (int64_t)HEALTH_EARLY_MS));
    return MIN(gap_ms, longest_ms);
}

static void note_failure(struct health *health, const struct service_healthcheck *check,
                         int64_t began_ms, int64_t now_ms)
{
    if (!health->succeeded && began_ms < health->counts_ms)
        return;
    health->failures++;
    health->counts_ms = now_ms + check->interval_ms;
    if (health->failures >= MAX(check->retries, (int64_t)1))
        health->status = HEALTH_UNHEALTHY;
}

bool health_probe_ended(struct health *health, const struct service_healthcheck *check, bool ok,
                        int64_t now_ms)
{
    enum health_status before = health->status;
    int64_t began_ms = health->due_ms;

    if (!health->probing)
        return false;
    health->probing = false;
    if (ok) {
        health->succeeded = true;
        health->failures = 0;
        health->status = HEALTH_HEALTHY;
    } else {
        note_failure(health, check, began_ms, now_ms);
    }
    health->due_ms = now_ms + next_gap(health, check);
    return health->status != before;
}

const char *health_status_name(enum health_status status)
{
    static const char *const names[] = {
        [HEALTH_NONE] = "",
        [HEALTH_STARTING] = "starting",
        [HEALTH_HEALTHY] = "healthy",
        [HEALTH_UNHEALTHY] = "unhealthy",
    };

    return names[status];
}
