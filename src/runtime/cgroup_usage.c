/* SPDX-License-Identifier: MIT */

/*
 * What a cgroup has used
 *
 * One row per figure says where it stands on either version. Memory is counted without the
 * inactive page cache, which the kernel gives back when it is asked to.
 */

#include "runtime/cgroup_usage.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cgroup.h"
#include "runtime/container.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

/* Version 1 spells "no limit" as the largest number of whole pages. */
#define V1_NO_LIMIT UINT64_C(0x7000000000000000)

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
        .offset = offsetof(struct container_usage, pids),
        .controller = CGROUP_PIDS,
        .on[CGROUP_V1] = { "pids.current", NULL, 1 },
        .on[CGROUP_V2] = { "pids.current", NULL, 1 },
    },
    {
        .offset = offsetof(struct container_usage, oom_kills),
        .controller = CGROUP_MEMORY,
        .on[CGROUP_V1] = { "memory.oom_control", "oom_kill", 1 },
        .on[CGROUP_V2] = { "memory.events", "oom_kill", 1 },
    },
};

static const struct figure inactive_cache = {
    .controller = CGROUP_MEMORY,
    .on[CGROUP_V1] = { "memory.stat", "total_inactive_file", 1 },
    .on[CGROUP_V2] = { "memory.stat", "inactive_file", 1 },
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

/* "max" reads as 0, as does a file that this kernel does not have. */
static uint64_t read_figure(const struct cgroup *cgroup, const struct figure *figure)
{
    const struct place *place = &figure->on[cgroup_get_version(cgroup, figure->controller)];
    int dirfd = cgroup_get_folder(cgroup, figure->controller);
    AUTO_TEXT struct text text = { 0 };
    struct error ignored = { 0 };

    if (dirfd < 0 || file_read(dirfd, place->file, 65536, &text, &ignored) < 0)
        return 0;
    if (place->key)
        return cgroup_usage_find(text_get(&text), place->key) * place->scale;
    return strtoull(text_get(&text), NULL, 10) * place->scale;
}

void cgroup_usage_read(const struct cgroup *cgroup, struct container_usage *out)
{
    struct container_usage usage = { 0 };
    uint64_t cache = read_figure(cgroup, &inactive_cache);

    for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
        uint64_t *value = member_at(&usage, figures[i].offset);

        *value = read_figure(cgroup, &figures[i]);
    }
    usage.memory_bytes -= MIN(cache, usage.memory_bytes);
    if (usage.memory_limit_bytes >= V1_NO_LIMIT)
        usage.memory_limit_bytes = 0;
    *out = usage;
}
