/* SPDX-License-Identifier: MIT */

/*
 * Metrics: what replicas use, each second
 *
 * A ring holds the samples of the last two minutes of one replica. Percentages are of the
 * limit, else of the reservation, else of one core (cpu) or of the machine's memory. The
 * figures are thousandths of a percent, as autoscale.h takes them.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/service.h"
#include "util/macro.h"

struct error;
struct container_usage;

#define METRICS_KEPT 128

struct metrics_host {
    uint64_t memory_bytes;
    uint64_t available_bytes; /* MemAvailable */
    int64_t cpu_millis;       /* of all cores this process may use */
};

/* What one hundred percent is. */
struct metrics_base {
    uint64_t cpu_millis;
    uint64_t memory_bytes;
};

struct metrics_sample {
    int64_t at_ms;
    int64_t window_ms; /* since the sample before; 0 for the first, which has no cpu figure */
    int64_t cpu_percent_millis;
    int64_t memory_percent_millis;
    int64_t throttled_percent_millis; /* share of the time that the replica was held back */
    uint64_t memory_bytes;
    uint64_t pids;
};

/* Of one replica; zero is the beginning. */
struct metrics {
    struct metrics_sample samples[METRICS_KEPT]; /* a ring */
    size_t count;                                /* ever added */
    uint64_t cpu_ns, throttled_ns;               /* of the last sample */
};

void metrics_choose_base(const struct service_limits *limits,
                         const struct service_limits *reservations, const struct metrics_host *host,
                         struct metrics_base *out);

/* Add a sample. Counters that went back (a new container) begin a new row. */
void metrics_add(struct metrics *metrics, const struct container_usage *usage,
                 const struct metrics_base *base, int64_t now_ms);

/* Read the usage of a container and add it. ERROR_NOT_FOUND: it is gone. */
int metrics_take(struct metrics *metrics, const char *cgroup_parent, const char *id,
                 const struct metrics_base *base, int64_t now_ms, struct error *err) MUST_CHECK;

/* Forget all samples: the replica was started again. */
void metrics_reset(struct metrics *metrics);

/* The last sample, or NULL. */
const struct metrics_sample *metrics_find_last(const struct metrics *metrics);

/*
 * The mean of the samples of the last `window_ms`: false when there is none with a cpu figure.
 * out->at_ms is the time of the last one, out->window_ms the time that was covered.
 */
bool metrics_average(const struct metrics *metrics, int64_t now_ms, int64_t window_ms,
                     struct metrics_sample *out) MUST_CHECK;

int metrics_read_host(struct metrics_host *out, struct error *err) MUST_CHECK;

/*
 * How many replicas fit in all when `current` exist, each of `base` memory: what is available
 * less a tenth of the machine's memory stays free. INT64_MAX where the service has no limit.
 */
int64_t metrics_host_room(const struct metrics_host *host, const struct service_limits *limits,
                          int64_t current);
