/* SPDX-License-Identifier: MIT */

/*
 * Autoscaling policy of a service, as the user wants it
 *
 * Target tracking follows the Kubernetes HPA v2 rules, steps those of ECS step scaling
 * (docs/reference). Percentages are of the replica's limit or reservation.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum autoscale_metric { AUTOSCALE_CPU, AUTOSCALE_MEMORY };

struct autoscale_target {
    enum autoscale_metric metric;
    int64_t target_percent;
};

/* One step: applies when the metric is in [from, to) percent; `change` replicas are added. */
struct autoscale_step {
    int64_t from_percent; /* INT64_MIN: open */
    int64_t to_percent;   /* INT64_MAX: open */
    int64_t change;       /* negative in a scale-in step */
};

enum autoscale_select { AUTOSCALE_SELECT_MAX, AUTOSCALE_SELECT_MIN, AUTOSCALE_SELECT_DISABLED };

struct autoscale_rate {
    bool percent; /* else replicas */
    int64_t value;
    int64_t period_ms;
};

#define AUTOSCALE_RATES_MAX 4

/* How fast one direction may go. */
struct autoscale_behavior {
    int64_t stabilization_ms;
    enum autoscale_select select;
    struct autoscale_rate rates[AUTOSCALE_RATES_MAX];
    size_t rate_count;
};

struct autoscale_policy {
    bool enabled;
    int64_t min, max;
    struct autoscale_target *targets; /* target tracking */
    size_t target_count;
    enum autoscale_metric step_metric; /* step scaling, when step_count > 0 */
    struct autoscale_step *steps;
    size_t step_count;
    int64_t period_ms;        /* between two decisions */
    int64_t cooldown_ms;      /* after an action, steps and manual scale */
    int64_t tolerance_millis; /* of target tracking: 100 is 10 % */
    struct autoscale_behavior up, down;
};
