/* SPDX-License-Identifier: MIT */

/*
 * Latencies, counted
 *
 * Log-linear buckets: 32 to each doubling, so that a percentile is off by 3 % at most.
 */

#pragma once

#include <stdint.h>

#define HISTOGRAM_BUCKETS 1024

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
    uint64_t max;
};

void histogram_add(struct histogram *histogram, uint64_t value);

/* The value below which `per_mille` thousandths of all lie. */
uint64_t histogram_find(const struct histogram *histogram, uint64_t per_mille);
