/* SPDX-License-Identifier: MIT */

/*
 * `carte-oci events`: what a container uses, as JSON lines
 */

#include <poll.h>

#include "cli/cmd_oci.h"
#include "cli/command.h"
#include "cli/oci_call.h"
#include "cli/output.h"
#include "oci/lifecycle.h"
#include "runtime/container.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/json.h"
#include "util/text.h"

struct events_options {
    bool stats;
    int64_t interval_ms;
};

static const struct option events_options[] = {
    {
        .name = "stats",
        OPTION(FLAG, struct events_options, stats),
        .doc = "Print what it uses now, once.",
    },
    {
        .name = "interval",
        .argument = "TIME",
        OPTION(DURATION, struct events_options, interval_ms),
        .fallback = "5s",
        .doc = "Print it again and again, until the container stops.",
    },
    { 0 },
};

/* Add an object `key` to `parent`, and return it. */
static struct json *add_object(struct json *parent, const char *key)
{
    struct json *object = json_new_object();

    json_set(parent, key, object);
    return object;
}

static void set_u64(struct json *object, const char *key, uint64_t value)
{
    json_set_number(object, key, (double)value);
}

static void add_cpu(const struct container_usage *usage, struct json *data)
{
    struct json *cpu = add_object(data, "cpu");
    struct json *time = add_object(cpu, "usage"), *throttling = add_object(cpu, "throttling");

    set_u64(time, "total", usage->cpu_ns);
    set_u64(time, "kernel", usage->cpu_system_ns);
    set_u64(time, "user", usage->cpu_user_ns);
    set_u64(throttling, "periods", usage->cpu_periods);
    set_u64(throttling, "throttledPeriods", usage->throttled_periods);
    set_u64(throttling, "throttledTime", usage->throttled_ns);
}

static void add_memory(const struct container_usage *usage, struct json *data)
{
    struct json *memory = add_object(data, "memory");
    struct json *all = add_object(memory, "usage"), *swap = add_object(memory, "swap");
    struct json *kernel = add_object(memory, "kernel");

    set_u64(memory, "cache", usage->memory_cache_bytes);
    set_u64(all, "usage", usage->memory_bytes + usage->memory_cache_bytes);
    set_u64(all, "limit", usage->memory_limit_bytes);
    set_u64(all, "max", usage->memory_peak_bytes);
    set_u64(swap, "usage", usage->memory_swap_bytes);
    set_u64(kernel, "usage", usage->kernel_memory_bytes);
}

static void add_io(const struct container_usage *usage, struct json *data)
{
    struct json *io = add_object(data, "blkio");
    const struct {
        const char *list, *op;
        uint64_t value;
    } rows[] = {
        { "ioServiceBytesRecursive", "Read", usage->io_read_bytes },
        { "ioServiceBytesRecursive", "Write", usage->io_write_bytes },
        { "ioServicedRecursive", "Read", usage->io_reads },
        { "ioServicedRecursive", "Write", usage->io_writes },
    };
    struct json *lists[] = { json_new_array(), json_new_array() };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct json *row = json_new_object();

        json_set_text(row, "op", rows[i].op);
        set_u64(row, "value", rows[i].value);
        json_append(lists[i / 2], row);
    }
    json_set(io, rows[0].list, lists[0]);
    json_set(io, rows[2].list, lists[1]);
}

static int print_event(const char *type, const char *id, const struct container_usage *usage,
                       struct error *err)
{
    AUTO(json) struct json *event = json_new_object();
    AUTO_FREE char *line = NULL;
    AUTO_TEXT struct text out = { 0 };

    json_set_text(event, "type", type);
    json_set_text(event, "id", id);
    if (usage) {
        struct json *data = add_object(event, "data");
        struct json *pids = NULL;

        add_cpu(usage, data);
        add_memory(usage, data);
        pids = add_object(data, "pids");
        set_u64(pids, "current", usage->pids);
        set_u64(pids, "limit", usage->pids_limit);
        add_io(usage, data);
    }
    line = json_print(event, false);
    text_add_format(&out, "%s\n", line);
    return output_result(text_get(&out), err);
}

/* Until the container has stopped. */
static int watch(const struct record *record, int pidfd, int64_t interval_ms, struct error *err)
{
    struct pollfd ended = { .fd = pidfd, .events = POLLIN };
    struct container_usage usage;
    uint64_t oom_kills = 0;

    for (;;) {
        if (container_usage(record->cgroup, record->id, &usage, err) < 0)
            return -1;
        if (usage.oom_kills > oom_kills && print_event("oom", record->id, NULL, err) < 0)
            return -1;
        oom_kills = usage.oom_kills;
        if (ended.revents)
            return 0;
        if (print_event("stats", record->id, &usage, err) < 0)
            return -1;
        poll(&ended, 1, (int)MIN(interval_ms, (int64_t)INT32_MAX));
    }
}

static int events_run(struct command_call *call, struct error *err)
{
    const struct events_options *options = call->options;
    AUTO_FOLDER struct folder folder = FOLDER_NONE;
    AUTO_RECORD struct record record = { 0 };
    struct container_usage usage;
    enum record_status status;
    AUTO_CLOSE int pidfd = -1;

    if (options->interval_ms <= 0)
        return command_refuse(call, err, "option '--interval': it must be longer than nothing");
    if (oci_call_open(call, false, &folder, &record, err) < 0)
        return -1;
    status = lifecycle_status(&record);
    if (status == RECORD_STOPPED || status == RECORD_CREATING)
        return error_set(err, ERROR_INVALID, "container '%s' is %s, not running", record.id,
                         record_status_name(status));
    if (options->stats) {
        if (container_usage(record.cgroup, record.id, &usage, err) < 0)
            return -1;
        return print_event("stats", record.id, &usage, err);
    }
    if (container_open_process((pid_t)record.pid, record.start_time, &pidfd, err) < 0)
        return -1;
    return watch(&record, pidfd, options->interval_ms, err);
}

const struct command cmd_oci_events = {
    .name = "events",
    .operands = "ID",
    .summary = "Print what a container uses, and when memory runs out, as JSON lines.",
    .options = events_options,
    .options_size = sizeof(struct events_options),
    .operand_min = 1,
    .operand_max = 1,
    .run = events_run,
};
