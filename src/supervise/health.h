/* SPDX-License-Identifier: MIT */

/*
 * Is a replica healthy: from the results of its probes
 *
 * Pure: says when the next probe is due and when one has taken too long; who runs it is the
 * caller. The rules are compose's: a first success makes healthy; `retries` failures in a row
 * make unhealthy; failures within start_period do not count until the first success.
 *
 * On top of them, until the first success, probes come early: at once, then after 100 ms,
 * growing by half up to start_interval (never more than interval). A failed early probe counts
 * only where compose would have probed by then: once per interval, after start_period. So a
 * service is found healthy as soon as it is, and unhealthy not sooner than elsewhere.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "stack/service.h"

#define HEALTH_NEVER INT64_MAX
#define HEALTH_EARLY_MS 100

enum health_status {
    HEALTH_NONE, /* there is no check */
    HEALTH_STARTING,
    HEALTH_HEALTHY,
    HEALTH_UNHEALTHY,
};

struct health {
    enum health_status status;
    bool succeeded; /* once since the start */
    bool probing;   /* a probe is under way */
    int64_t started_ms;
    int64_t due_ms;       /* of the next probe; of the one under way: when it began */
    int64_t counts_ms;    /* a failure of a probe that began before does not count */
    int64_t early_gap_ms; /* between early probes */
    int64_t failures;     /* in a row, of those that count */
};

enum health_step {
    HEALTH_WAIT,  /* until *at_ms (HEALTH_NEVER: nothing to do) */
    HEALTH_PROBE, /* run a probe now and call health_probe_began() */
    HEALTH_ABORT, /* the probe has run for `timeout`: kill it, health_probe_ended(false) */
};

/* The container has started. A check of kind NONE or INHERIT gives HEALTH_NONE. */
void health_begin(struct health *health, const struct service_healthcheck *check, int64_t now_ms);

/* What to do at `now_ms`. */
enum health_step health_decide(const struct health *health, const struct service_healthcheck *check,
                               int64_t now_ms, int64_t *at_ms);

void health_probe_began(struct health *health, int64_t now_ms);

/* Returns true when the status has changed. */
bool health_probe_ended(struct health *health, const struct service_healthcheck *check, bool ok,
                        int64_t now_ms);

/* "starting", "healthy", "unhealthy", or "" without a check. */
const char *health_status_name(enum health_status status);
