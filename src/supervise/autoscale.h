/* SPDX-License-Identifier: MIT */

/*
 * How many replicas there should be
 *
 * Pure: (policy, samples, history, now) -> decision with its reason. Target tracking follows
 * the Kubernetes HPA v2: ratio of use to target, tolerance, replicas that are not ready or have
 * no sample counted against the direction of the change, the largest of several metrics,
 * stabilisation windows, rate limits. Steps follow the ECS step policies with their cooldown.
 * With both, the larger result counts: out when any asks for it, in when all agree.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/autoscale.h"

#define AUTOSCALE_METRIC_COUNT 2
#define AUTOSCALE_NO_SAMPLE (-1)
#define AUTOSCALE_CPU_INITIALIZATION_MS 300000
#define AUTOSCALE_READINESS_DELAY_MS 30000

/* One replica of the service as seen now. */
struct autoscale_replica {
    bool running; /* else it is pending */
    bool ready;   /* healthy, or running without a check */
    int64_t started_ms;
    int64_t ready_changed_ms; /* when `ready` last changed; the start, if never */
    int64_t sampled_ms;       /* end of the sample's window */
    int64_t window_ms;        /* its length */
    /* By enum autoscale_metric: thousandths of a percent of limit or reservation, or NO_SAMPLE. */
    int64_t percent_millis[AUTOSCALE_METRIC_COUNT];
};

struct autoscale_input {
    int64_t now_ms;
    int64_t current; /* replicas that are wanted now */
    const struct autoscale_replica *replicas;
    size_t replica_count;
    int64_t host_max; /* replicas the machine has room for; INT64_MAX: not known */
};

struct autoscale_entry {
    int64_t at_ms;
    int64_t value;
};

/* What was decided before; zero is the beginning. */
struct autoscale_history {
    struct autoscale_entry *recommendations; /* before stabilisation */
    size_t recommendation_count;
    struct autoscale_entry *changes; /* of the count, by anybody */
    size_t change_count;
    bool has_out, has_in, has_manual;
    int64_t out_ms, in_ms; /* last action of a step policy */
    int64_t out_added;     /* by the scale-out whose cooldown runs */
    int64_t manual_ms;     /* last `scale` by the user */
};

struct autoscale_decision {
    int64_t desired;
    bool has_recommendation; /* false: there was nothing to decide from */
    int64_t recommendation;  /* of target tracking, before stabilisation */
    int64_t step_change;     /* asked for by a step, 0: none */
    char reason[240];
};

void autoscale_history_done(struct autoscale_history *history);

/* Decide; `desired` is always within min and max, and within host_max when it grows. */
void autoscale_decide(const struct autoscale_policy *policy, const struct autoscale_input *input,
                      const struct autoscale_history *history, struct autoscale_decision *out);

/* Note a decision, whether it changes something or not; what no rule needs is forgotten. */
void autoscale_record(struct autoscale_history *history, const struct autoscale_policy *policy,
                      const struct autoscale_input *input,
                      const struct autoscale_decision *decision);

/* The user set the count from `before` to `after`: the autoscaler holds for one cooldown. */
void autoscale_record_manual(struct autoscale_history *history, int64_t now_ms, int64_t before,
                             int64_t after);
