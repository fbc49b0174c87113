/* SPDX-License-Identifier: MIT */

/*
 * Metrics: what replicas use, each second
 */

#include "supervise/metrics.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/container.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

#define MEMINFO_MAX 65536
#define HUNDRED_PERCENT 100000 /* in thousandths */

void metrics_choose_base(const struct service_limits *limits,
                         const struct service_limits *reservations, const struct metrics_host *host,
                         struct metrics_base *out)
{
    out->cpu_millis = limits->cpu_millis         ? limits->cpu_millis
                      : reservations->cpu_millis ? reservations->cpu_millis
                                                 : 1000;
    out->memory_bytes = limits->memory_bytes         ? limits->memory_bytes
                        : reservations->memory_bytes ? reservations->memory_bytes
                                                     : host->memory_bytes;
}

/* Nanoseconds of a window of `window_ms` as thousandths of a percent of `millis` cores. */
static int64_t share(uint64_t ns, int64_t window_ms, uint64_t millis)
{
    double whole = (double)window_ms * 1e6 * (double)millis / 1000;

    return whole > 0 ? (int64_t)((double)ns * HUNDRED_PERCENT / whole + 0.5) : 0;
}

void metrics_add(struct metrics *metrics, const struct container_usage *usage,
                 const struct metrics_base *base, int64_t now_ms)
{
    const struct metrics_sample *last = metrics_find_last(metrics);
    struct metrics_sample sample = {
        .at_ms = now_ms,
        .memory_bytes = usage->memory_bytes,
        .pids = usage->pids,
    };

    if (last && usage->cpu_ns < metrics->cpu_ns) {
        metrics_reset(metrics);
        last = NULL;
    }
    if (last && now_ms <= last->at_ms)
        return;
    if (last) {
        sample.window_ms = now_ms - last->at_ms;
        sample.cpu_percent_millis =
            share(usage->cpu_ns - metrics->cpu_ns, sample.window_ms, base->cpu_millis);
        if (usage->throttled_ns > metrics->throttled_ns) {
            sample.throttled_percent_millis =
                share(usage->throttled_ns - metrics->throttled_ns, sample.window_ms, 1000);
        }
    }
    if (base->memory_bytes > 0) {
        sample.memory_percent_millis =
            (int64_t)((double)usage->memory_bytes * HUNDRED_PERCENT / (double)base->memory_bytes);
    }
    metrics->cpu_ns = usage->cpu_ns;
    metrics->throttled_ns = usage->throttled_ns;
    metrics->samples[metrics->count++ % METRICS_KEPT] = sample;
}

int metrics_take(struct metrics *metrics, const char *cgroup_parent, const char *id,
                 const struct metrics_base *base, int64_t now_ms, struct error *err)
{
    struct container_usage usage = { 0 };

    if (container_usage(cgroup_parent, id, &usage, err) < 0)
        return error_wrap(err, "measure '%s'", id);
    metrics_add(metrics, &usage, base, now_ms);
    return 0;
}

void metrics_reset(struct metrics *metrics)
{
    metrics->count = 0;
    metrics->cpu_ns = 0;
    metrics->throttled_ns = 0;
}

const struct metrics_sample *metrics_find_last(const struct metrics *metrics)
{
    return metrics->count > 0 ? &metrics->samples[(metrics->count - 1) % METRICS_KEPT] : NULL;
}

bool metrics_average(const struct metrics *metrics, int64_t now_ms, int64_t window_ms,
                     struct metrics_sample *out)
{
    struct metrics_sample sum = { 0 };
    int64_t cpu = 0;
    int64_t memory = 0;
    int64_t throttled = 0;
    size_t kept = MIN(metrics->count, (size_t)METRICS_KEPT);

    for (size_t i = 0; i < kept; i++) {
        const struct metrics_sample *sample =
            &metrics->samples[(metrics->count - 1 - i) % METRICS_KEPT];

        if (sample->at_ms <= now_ms - window_ms)
            break;
        if (sample->window_ms == 0)
            continue;
        if (sum.window_ms == 0) {
            sum = *sample;
        } else {
            sum.window_ms += sample->window_ms;
        }
        cpu += sample->cpu_percent_millis * sample->window_ms;
        memory += sample->memory_percent_millis * sample->window_ms;
        throttled += sample->throttled_percent_millis * sample->window_ms;
    }
    if (sum.window_ms == 0)
        return false;
    sum.cpu_percent_millis = cpu / sum.window_ms;
    sum.memory_percent_millis = memory / sum.window_ms;
    sum.throttled_percent_millis = throttled / sum.window_ms;
    *out = sum;
    return true;
}

/* The number of kilobytes after `key` in /proc/meminfo, in bytes; 0 if it is not there. */
static uint64_t find_bytes(const char *meminfo, const char *key)
{
    const char *line = strstr(meminfo, key);

    return line ? strtoull(line + strlen(key), NULL, 10) * 1024 : 0;
}

int metrics_read_host(struct metrics_host *out, struct error *err)
{
    AUTO_TEXT struct text meminfo = { 0 };
    cpu_set_t cores;

    if (file_read(AT_FDCWD, "/proc/meminfo", MEMINFO_MAX, &meminfo, err) < 0)
        return error_wrap(err, "look at the machine's memory");
    CPU_ZERO(&cores);
    if (sched_getaffinity(0, sizeof(cores), &cores) < 0)
        CPU_SET(0, &cores);
    out->memory_bytes = find_bytes(text_get(&meminfo), "MemTotal:");
    out->available_bytes = find_bytes(text_get(&meminfo), "MemAvailable:");
    out->cpu_millis = (int64_t)CPU_COUNT(&cores) * 1000;
    return 0;
}

int64_t metrics_host_room(const struct metrics_host *host, const struct service_limits *limits,
                          int64_t current)
{
    uint64_t kept = host->memory_bytes / 10;

    if (limits->memory_bytes == 0)
        return INT64_MAX;
    if (host->available_bytes <= kept)
        return current;
    return current + (int64_t)((host->available_bytes - kept) / limits->memory_bytes);
}
