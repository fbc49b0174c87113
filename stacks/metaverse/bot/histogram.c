/* SPDX-License-Identifier: MIT */

/*
 * Latencies, counted
 */

#include "bot/histogram.h"

#include "util/macro.h"

#define STEPS 32 /* of one doubling */
#define STEP_BITS 5

static unsigned int bucket_of(uint64_t value)
{
    unsigned int shift = 0;

    if (value < STEPS)
        return (unsigned int)value;
    shift = 63U - (unsigned int)__builtin_clzll(value) - STEP_BITS;
    return MIN((shift + 1) * STEPS + (unsigned int)((value >> shift) - STEPS),
               HISTOGRAM_BUCKETS - 1U);
}

static uint64_t upper_end(unsigned int bucket)
{
    unsigned int shift = bucket / STEPS;

    if (shift == 0)
        return bucket;
    return ((uint64_t)(bucket % STEPS + STEPS + 1) << (shift - 1)) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
    histogram->counts[bucket_of(value)]++;
    histogram->total++;
    histogram->max = MAX(histogram->max, value);
}

uint64_t histogram_find(const struct histogram *histogram, uint64_t per_mille)
{
    uint64_t wanted = (histogram->total * per_mille + 999) / 1000;
    uint64_t seen = 0;

    for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen >= wanted && seen > 0)
            return MIN(upper_end(i), histogram->max);
    }
    return histogram->max;
}
