/* SPDX-License-Identifier: MIT */

/*
 * What a cgroup has used
 *
 * One row per figure says where it stands on either version; rows of the same file stand
 * together, so that it is read once. Memory is counted without the inactive page cache, which
 * the kernel gives back when it is asked to.
 */

#include "runtime/cgroup_usage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cgroup.h"
#include "runtime/cgroup_file.h"
#include "runtime/container.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

/* Version 1 spells "no limit" as the largest number of whole pages. */
#define V1_NO_LIMIT UINT64_C(0x7000000000000000)

#define FILE_LIMIT 65536

/* A file holds one number, or with a `key` lines of a key and a number. */
struct place {
    const char *file;
    const char *key;
    uint64_t scale;
};

static const struct figure {
    size_t offset; /* in struct container_usage */
    enum cgroup_controller controller;
    struct place on[CGROUP_VERSION_COUNT];
} figures[] = {
    {
        .offset = offsetof(struct container_usage, cpu_ns),
        .controller = CGROUP_CPUACCT,
        .on[CGROUP_V1] = { "cpuacct.usage", NULL, 1 },
        .on[CGROUP_V2] = { "cpu.stat", "usage_usec", 1000 },
    },
    {
        .offset = offsetof(struct container_usage, cpu_user_ns),
        .controller = CGROUP_CPUACCT,
        .on[CGROUP_V1] = { "cpuacct.usage_user", NULL, 1 },
        .on[CGROUP_V2] = { "cpu.stat", "user_usec", 1000 },
    },
    {
        .offset = offsetof(struct container_usage, cpu_system_ns),
        .controller = CGROUP_CPUACCT,
        .on[CGROUP_V1] = { "cpuacct.usage_sys", NULL, 1 },
        .on[CGROUP_V2] = { "cpu.stat", "system_usec", 1000 },
    },
    {
        .offset = offsetof(struct container_usage, cpu_periods),
        .controller = CGROUP_CPU,
        .on[CGROUP_V1] = { "cpu.stat", "nr_periods", 1 },
        .on[CGROUP_V2] = { "cpu.stat", "nr_periods", 1 },
    },
    {
        .offset = offsetof(struct container_usage, throttled_periods),
        .controller = CGROUP_CPU,
        .on[CGROUP_V1] = { "cpu.stat", "nr_throttled", 1 },
        .on[CGROUP_V2] = { "cpu.stat", "nr_throttled", 1 },
    },
    {
        .offset = offsetof(struct container_usage, throttled_ns),
        .controller = CGROUP_CPU,
        .on[CGROUP_V1] = { "cpu.stat", "throttled_time", 1 },
        .on[CGROUP_V2] = { "cpu.stat", "throttled_usec", 1000 },
    },
    {
        .offset = offsetof(struct container_usage, memory_bytes),
        .controller = CGROUP_MEMORY,
        .on[CGROUP_V1] = { "memory.usage_in_bytes", NULL, 1 },
        .on[CGROUP_V2] = { "memory.current", NULL, 1 },
    },
    {
        .offset = offsetof(struct container_usage, memory_limit_bytes),
        .controller = CGROUP_MEMORY,
        .on[CGROUP_V1] = { "memory.limit_in_bytes", NULL, 1 },
        .on[CGROUP_V2] = { "memory.max", NULL, 1 },
    },
    {
        .offset = offsetof(struct container_usage, memory_peak_bytes),
        .controller = CGROUP_MEMORY,
        .on[CGROUP_V1] = { "memory.max_usage_in_bytes", NULL, 1 },
        .on[CGROUP_V2] = { "memory.peak", NULL, 1 },
    },
    {
        .offset = offsetof(struct container_usage, memory_idle_bytes),
        .controller = CGROUP_MEMORY,
        .on[CGROUP_V1] = { "memory.stat", "total_inactive_file", 1 },
        .on[CGROUP_V2] = { "memory.stat", "inactive_file", 1 },
    },
    {
        .offset = offsetof(struct container_usage, memory_cache_bytes),
        .controller = CGROUP_MEMORY,
        .on[CGROUP_V1] = { "memory.stat", "total_cache", 1 },
        .on[CGROUP_V2] = { "memory.stat", "file", 1 },
    },
    {
        .offset = offsetof(struct container_usage, kernel_memory_bytes),
        .controller = CGROUP_MEMORY,
        .on[CGROUP_V1] = { "memory.kmem.usage_in_bytes", NULL, 1 },
        .on[CGROUP_V2] = { "memory.stat", "kernel", 1 },
    },
    {
        .offset = offsetof(struct container_usage, memory_swap_bytes),
        .controller = CGROUP_MEMORY,
        .on[CGROUP_V1] = { "memory.stat", "total_swap", 1 },
        .on[CGROUP_V2] = { "memory.swap.current", NULL, 1 },
    },
    {
        .offset = offsetof(struct container_usage, oom_kills),
        .controller = CGROUP_MEMORY,
        .on[CGROUP_V1] = { "memory.oom_control", "oom_kill", 1 },
        .on[CGROUP_V2] = { "memory.events", "oom_kill", 1 },
    },
    {
        .offset = offsetof(struct container_usage, pids),
        .controller = CGROUP_PIDS,
        .on[CGROUP_V1] = { "pids.current", NULL, 1 },
        .on[CGROUP_V2] = { "pids.current", NULL, 1 },
    },
    {
        .offset = offsetof(struct container_usage, pids_limit),
        .controller = CGROUP_PIDS,
        .on[CGROUP_V1] = { "pids.max", NULL, 1 },
        .on[CGROUP_V2] = { "pids.max", NULL, 1 },
    },
};

/* The file that was read last. */
struct reading {
    int dirfd;
    const char *file;
    struct text text;
};

uint64_t cgroup_usage_find(const char *text, const char *key)
{
    size_t length = strlen(key);

    for (const char *line = text; line && *line;) {
        if (strncmp(line, key, length) == 0 && line[length] == ' ')
            return strtoull(line + length + 1, NULL, 10);
        line = strchr(line, '\n');
        line += line != NULL;
    }
    return 0;
}

/* A file that this kernel does not have is empty. */
static const char *read_once(struct reading *reading, int dirfd, const char *file)
{
    struct error ignored = { 0 };

    if (reading->dirfd == dirfd && reading->file && strcmp(reading->file, file) == 0)
        return text_get(&reading->text);
    reading->dirfd = dirfd;
    reading->file = file;
    text_clear(&reading->text);
    if (dirfd < 0 || file_read(dirfd, file, FILE_LIMIT, &reading->text, &ignored) < 0)
        text_clear(&reading->text);
    return text_get(&reading->text);
}

/* "max" reads as 0. */
static uint64_t read_figure(const struct cgroup *cgroup, const struct figure *figure,
                            struct reading *reading)
{
    const struct place *place = &figure->on[cgroup_get_version(cgroup, figure->controller)];
    const char *text =
        read_once(reading, cgroup_get_folder(cgroup, figure->controller), place->file);

    if (place->key)
        return cgroup_usage_find(text, place->key) * place->scale;
    return strtoull(text, NULL, 10) * place->scale;
}

/* Of version 2: lines "8:0 rbytes=1 wbytes=2 rios=3 wios=4 ..." */
static uint64_t sum_io(const char *text, const char *key)
{
    uint64_t sum = 0;

    for (const char *p = strstr(text, key); p; p = strstr(p + 1, key))
        sum += strtoull(p + strlen(key), NULL, 10);
    return sum;
}

static void read_io(const struct cgroup *cgroup, struct container_usage *usage,
                    struct reading *reading)
{
    int dirfd = cgroup_get_folder(cgroup, CGROUP_IO);
    bool v1 = cgroup_get_version(cgroup, CGROUP_IO) == CGROUP_V1;
    const char *text =
        read_once(reading, dirfd, v1 ? "blkio.throttle.io_service_bytes" : "io.stat");

    usage->io_read_bytes = sum_io(text, v1 ? " Read " : " rbytes=");
    usage->io_write_bytes = sum_io(text, v1 ? " Write " : " wbytes=");
    if (v1)
        text = read_once(reading, dirfd, "blkio.throttle.io_serviced");
    usage->io_reads = sum_io(text, v1 ? " Read " : " rios=");
    usage->io_writes = sum_io(text, v1 ? " Write " : " wios=");
}

static void read_huge_pages(const struct cgroup *cgroup, struct container_usage *usage)
{
    static const char *const sizes[] = { "64KB", "2MB", "32MB", "512MB", "1GB" };
    bool v1 = cgroup_get_version(cgroup, CGROUP_HUGETLB) == CGROUP_V1;
    int dirfd = cgroup_get_folder(cgroup, CGROUP_HUGETLB);

    for (size_t i = 0; dirfd >= 0 && i < ARRAY_SIZE(sizes); i++) {
        char file[64];

        snprintf(file, sizeof(file), "hugetlb.%s.%s", sizes[i], v1 ? "usage_in_bytes" : "current");
        usage->huge_page_bytes += cgroup_file_read_number(dirfd, file);
    }
}

void cgroup_usage_parse_pressure(const char *text, struct container_pressure *out)
{
    const char *full = strstr(text, "full ");
    unsigned whole = 0, part = 0;
    unsigned long long total = 0;

    *out = (struct container_pressure){ 0 };
    if (sscanf(text, "some avg10=%u.%u %*s %*s total=%llu", &whole, &part, &total) == 3) {
        out->some_10s = whole * 100 + part;
        out->some_total_us = total;
    }
    if (full && sscanf(full, "full avg10=%u.%u %*s %*s total=%llu", &whole, &part, &total) == 3) {
        out->full_10s = whole * 100 + part;
        out->full_total_us = total;
    }
}

static void read_pressure(const struct cgroup *cgroup, struct container_usage *usage,
                          struct reading *reading)
{
    int dirfd = cgroup_get_unified(cgroup);

    cgroup_usage_parse_pressure(read_once(reading, dirfd, "cpu.pressure"), &usage->cpu_pressure);
    cgroup_usage_parse_pressure(read_once(reading, dirfd, "memory.pressure"),
                                &usage->memory_pressure);
    cgroup_usage_parse_pressure(read_once(reading, dirfd, "io.pressure"), &usage->io_pressure);
}

void cgroup_usage_read(const struct cgroup *cgroup, struct container_usage *out)
{
    struct container_usage usage = { 0 };
    struct reading reading = { .dirfd = -1 };

    for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
        uint64_t *value = member_at(&usage, figures[i].offset);

        *value = read_figure(cgroup, &figures[i], &reading);
    }
    usage.memory_bytes -= MIN(usage.memory_idle_bytes, usage.memory_bytes);
    if (usage.memory_limit_bytes >= V1_NO_LIMIT)
        usage.memory_limit_bytes = 0;
    read_io(cgroup, &usage, &reading);
    read_huge_pages(cgroup, &usage);
    read_pressure(cgroup, &usage, &reading);
    text_done(&reading.text);
    *out = usage;
}
