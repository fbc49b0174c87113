/* SPDX-License-Identifier: MIT */

/*
 * What the processes of a cgroup may use: single figures
 *
 * The versions differ in the names of their files and in how a value is spelled there, not in
 * what a limit means. So a limit is one row of the table below, and no function here knows a
 * limit by name but those that spell one in a way of its own.
 */

#include "runtime/cgroup_limit.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cgroup.h"
#include "runtime/cgroup_file.h"
#include "runtime/cgroup_limit_list.h"
#include "runtime/resources.h"
#include "runtime/spec.h"
#include "util/error.h"
#include "util/file.h"

#define TEXT_MAX 64
#define TAKEN_BACK INT64_MIN /* in place of a value: what was asked for before is asked no more */

/* Spell `value`, which is not -1, as the file wants it. */
typedef void (*spell_fn)(const struct container_resources *resources, int64_t value,
                         char out[TEXT_MAX]);

struct spelling {
    const char *file;       /* NULL: this version has no such limit */
    const char *none;       /* lifts it; NULL: it cannot be lifted */
    const char *unasked;    /* as if it had never been given; NULL: as `none` */
    spell_fn spell;         /* NULL: the number itself */
    const char *other_file; /* where the first does not exist, or NULL */
    spell_fn other_spell;
};

uint64_t cgroup_limit_convert_shares(uint64_t shares)
{
    double log = log2((double)MIN(MAX(shares, 2), 262144));
    double exponent = (log * log + 125 * log) / 612 - 7.0 / 34;

    return (uint64_t)MIN(MAX(ceil(pow(10, exponent)), 1), 10000);
}

static void spell_shares(const struct container_resources *resources, int64_t value,
                         char out[TEXT_MAX])
{
    (void)resources;
    snprintf(out, TEXT_MAX, "%" PRIu64, cgroup_limit_convert_shares((uint64_t)value));
}

/* Version 2 has quota and period in one file, and keeps the period when it is not given. */
static void spell_quota(const struct container_resources *resources, int64_t value,
                        char out[TEXT_MAX])
{
    if (resources_has(resources, CONTAINER_CPU_PERIOD))
        snprintf(out, TEXT_MAX, "%" PRId64 " %" PRId64, value,
                 resources->values[CONTAINER_CPU_PERIOD]);
    else
        snprintf(out, TEXT_MAX, "%" PRId64, value);
}

static void spell_period(const struct container_resources *resources, int64_t value,
                         char out[TEXT_MAX])
{
    if (resources_has(resources, CONTAINER_CPU_QUOTA) && resources->values[CONTAINER_CPU_QUOTA] > 0)
        spell_quota(resources, resources->values[CONTAINER_CPU_QUOTA], out);
    else
        snprintf(out, TEXT_MAX, "max %" PRId64, value);
}

/* Version 2 counts swap alone. */
static void spell_swap(const struct container_resources *resources, int64_t value,
                       char out[TEXT_MAX])
{
    int64_t memory = resources_has(resources, CONTAINER_MEMORY_LIMIT)
                         ? MAX(resources->values[CONTAINER_MEMORY_LIMIT], 0)
                         : 0;

    snprintf(out, TEXT_MAX, "%" PRId64, MAX(value - memory, 0));
}

/* 10..1000 as 1..10000. */
static void spell_io_weight(const struct container_resources *resources, int64_t value,
                            char out[TEXT_MAX])
{
    (void)resources;
    snprintf(out, TEXT_MAX, "%" PRId64, 1 + (MAX(value, 10) - 10) * 9999 / 990);
}

/* In this order: what makes room for another comes before it where both grow. */
static const struct limit {
    const char *name;
    enum container_resource which;
    enum cgroup_controller controller;
    bool zero_counts; /* else 0 says that nothing is asked for */
    struct spelling on[CGROUP_VERSION_COUNT];
} limit_table[] = {
    {
        .name = "cpu shares",
        .which = CONTAINER_CPU_SHARES,
        .controller = CGROUP_CPU,
        .on[CGROUP_V1] = { .file = "cpu.shares" },
        .on[CGROUP_V2] = { .file = "cpu.weight", .spell = spell_shares },
    },
    {
        .name = "cpu period",
        .which = CONTAINER_CPU_PERIOD,
        .controller = CGROUP_CPU,
        .on[CGROUP_V1] = { .file = "cpu.cfs_period_us" },
        .on[CGROUP_V2] = { .file = "cpu.max", .spell = spell_period },
    },
    {
        .name = "cpu",
        .which = CONTAINER_CPU_QUOTA,
        .controller = CGROUP_CPU,
        .on[CGROUP_V1] = { .file = "cpu.cfs_quota_us", .none = "-1" },
        .on[CGROUP_V2] = { .file = "cpu.max", .none = "max", .spell = spell_quota },
    },
    {
        .name = "cpu burst",
        .which = CONTAINER_CPU_BURST,
        .controller = CGROUP_CPU,
        .zero_counts = true,
        .on[CGROUP_V1] = { .file = "cpu.cfs_burst_us" },
        .on[CGROUP_V2] = { .file = "cpu.max.burst" },
    },
    {
        .name = "cpu idle",
        .which = CONTAINER_CPU_IDLE,
        .controller = CGROUP_CPU,
        .zero_counts = true,
        .on[CGROUP_V1] = { .file = "cpu.idle" },
        .on[CGROUP_V2] = { .file = "cpu.idle" },
    },
    {
        .name = "real-time period",
        .which = CONTAINER_CPU_RT_PERIOD,
        .controller = CGROUP_CPU,
        .on[CGROUP_V1] = { .file = "cpu.rt_period_us" },
    },
    {
        .name = "real-time runtime",
        .which = CONTAINER_CPU_RT_RUNTIME,
        .controller = CGROUP_CPU,
        .on[CGROUP_V1] = { .file = "cpu.rt_runtime_us" },
    },
    {
        .name = "memory",
        .which = CONTAINER_MEMORY_LIMIT,
        .controller = CGROUP_MEMORY,
        .on[CGROUP_V1] = { .file = "memory.limit_in_bytes", .none = "-1" },
        .on[CGROUP_V2] = { .file = "memory.max", .none = "max" },
    },
    {
        .name = "memory and swap",
        .which = CONTAINER_MEMORY_SWAP,
        .controller = CGROUP_MEMORY,
        .on[CGROUP_V1] = { .file = "memory.memsw.limit_in_bytes", .none = "-1" },
        .on[CGROUP_V2] = { .file = "memory.swap.max", .none = "max", .spell = spell_swap },
    },
    {
        .name = "memory reservation",
        .which = CONTAINER_MEMORY_LOW,
        .controller = CGROUP_MEMORY,
        .on[CGROUP_V1] = { .file = "memory.soft_limit_in_bytes", .none = "-1" },
        .on[CGROUP_V2] = { .file = "memory.low", .none = "max", .unasked = "0" },
    },
    {
        .name = "swappiness",
        .which = CONTAINER_MEMORY_SWAPPINESS,
        .controller = CGROUP_MEMORY,
        .zero_counts = true,
        .on[CGROUP_V1] = { .file = "memory.swappiness" },
    },
    {
        .name = "no OOM killer",
        .which = CONTAINER_MEMORY_NO_OOM_KILL,
        .controller = CGROUP_MEMORY,
        .on[CGROUP_V1] = { .file = "memory.oom_control" },
    },
    {
        .name = "pids",
        .which = CONTAINER_PIDS,
        .controller = CGROUP_PIDS,
        .on[CGROUP_V1] = { .file = "pids.max", .none = "max" },
        .on[CGROUP_V2] = { .file = "pids.max", .none = "max" },
    },
    {
        .name = "I/O weight",
        .which = CONTAINER_IO_WEIGHT,
        .controller = CGROUP_IO,
        .on[CGROUP_V1] = { .file = "blkio.weight", .other_file = "blkio.bfq.weight" },
        .on[CGROUP_V2] = { .file = "io.bfq.weight",
                           .other_file = "io.weight",
                           .other_spell = spell_io_weight },
    },
    {
        .name = "I/O leaf weight",
        .which = CONTAINER_IO_LEAF_WEIGHT,
        .controller = CGROUP_IO,
        .on[CGROUP_V1] = { .file = "blkio.leaf_weight" },
    },
    {
        .name = "network class",
        .which = CONTAINER_NETWORK_CLASS,
        .controller = CGROUP_NETWORK_CLASS,
        .on[CGROUP_V1] = { .file = "net_cls.classid" },
    },
};

static int write_value(int dirfd, const struct limit *limit, const struct spelling *on,
                       const struct container_resources *resources, struct error *err)
{
    int64_t value = resources->values[limit->which];
    bool other = on->other_file && dirfd >= 0 && !file_exists(dirfd, on->file);
    spell_fn spell = other ? on->other_spell : on->spell;
    char text[TEXT_MAX];

    if (value < 0 && !on->none)
        return error_set(err, ERROR_INVALID, "limit %s cannot be %" PRId64, limit->name, value);
    if (value < 0)
        snprintf(text, sizeof(text), "%s",
                 value == TAKEN_BACK && on->unasked ? on->unasked : on->none);
    else if (spell)
        spell(resources, value, text);
    else
        snprintf(text, sizeof(text), "%" PRId64, value);
    if (cgroup_file_write(dirfd, other ? on->other_file : on->file, text, err) < 0)
        return error_wrap(err, "limit %s", limit->name);
    return 0;
}

static int apply_row(const struct cgroup *cgroup, const struct limit *limit,
                     const struct container_resources *resources, struct error *err)
{
    const struct spelling *on = &limit->on[cgroup_get_version(cgroup, limit->controller)];
    int dirfd = cgroup_get_folder(cgroup, limit->controller);
    int64_t value = resources->values[limit->which];

    if (!resources_has(resources, limit->which) || (value == 0 && !limit->zero_counts) ||
        (value < 0 && dirfd < 0))
        return 0;
    if (!on->file)
        return error_set(err, ERROR_UNSUPPORTED, "version 2 of cgroups has no limit '%s'",
                         limit->name);
    return write_value(dirfd, limit, on, resources, err);
}

/* The kernel refuses a figure as long as another one makes no room for it: then once more. */
static int apply_figures(const struct cgroup *cgroup, const struct container_resources *resources,
                         struct error *err)
{
    bool refused[ARRAY_SIZE(limit_table)] = { false };

    for (size_t i = 0; i < ARRAY_SIZE(limit_table); i++) {
        if (apply_row(cgroup, &limit_table[i], resources, err) == 0)
            continue;
        if (err->code != ERROR_SYSTEM && err->code != ERROR_INVALID)
            return -1;
        refused[i] = true;
        error_clear(err);
    }
    for (size_t i = 0; i < ARRAY_SIZE(limit_table); i++) {
        if (refused[i] && apply_row(cgroup, &limit_table[i], resources, err) < 0)
            return -1;
    }
    return 0;
}

static int check_memory(const struct cgroup *cgroup, const struct container_resources *resources,
                        struct error *err)
{
    bool is_v1 = cgroup_get_version(cgroup, CGROUP_MEMORY) == CGROUP_V1;
    int64_t limit = resources->values[CONTAINER_MEMORY_LIMIT];
    uint64_t used = 0;

    if (!resources->check_before_update || !resources_has(resources, CONTAINER_MEMORY_LIMIT) ||
        limit <= 0)
        return 0;
    used = cgroup_file_read_number(cgroup_get_folder(cgroup, CGROUP_MEMORY),
                                   is_v1 ? "memory.usage_in_bytes" : "memory.current");
    if (used > (uint64_t)limit)
        return error_set(err, ERROR_INVALID,
                         "a memory limit of %" PRId64 " bytes is below the %" PRIu64
                         " that are used",
                         limit, used);
    return 0;
}

int cgroup_limit_apply_resources(const struct cgroup *cgroup,
                                 const struct container_resources *resources, struct error *err)
{
    if (check_memory(cgroup, resources, err) < 0 || apply_figures(cgroup, resources, err) < 0)
        return -1;
    return cgroup_limit_list_apply(cgroup, resources, err);
}

int cgroup_limit_apply(const struct cgroup *cgroup, const struct container_limits *limits,
                       bool update, struct error *err)
{
    struct container_resources resources = { 0 };
    const struct {
        enum container_resource which;
        uint64_t value, scale;
    } given[] = {
        { CONTAINER_CPU_QUOTA, limits->cpu_millis, 100 }, /* us of every 100 ms, the default */
        { CONTAINER_MEMORY_LIMIT, limits->memory_bytes, 1 },
        { CONTAINER_MEMORY_LOW, limits->memory_low_bytes, 1 },
        { CONTAINER_PIDS, limits->pids, 1 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
        if (given[i].value > INT64_MAX / given[i].scale)
            return error_set(err, ERROR_INVALID, "a limit of %" PRIu64 " is too much",
                             given[i].value);
        if (given[i].value || update)
            resources_set(&resources, given[i].which,
                          given[i].value ? (int64_t)(given[i].value * given[i].scale) : TAKEN_BACK);
    }
    return apply_figures(cgroup, &resources, err);
}

unsigned cgroup_limit_find_controllers(const struct container_resources *resources)
{
    unsigned wanted = 0;

    if (!resources)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(limit_table); i++) {
        if (resources_has(resources, limit_table[i].which) &&
            (limit_table[i].zero_counts || resources->values[limit_table[i].which] != 0))
            wanted |= 1U << limit_table[i].controller;
    }
    return wanted | cgroup_limit_list_find_controllers(resources);
}
