/* SPDX-License-Identifier: MIT */

/*
 * Altering single containers: update, rename
 */

#include "cli/cmd_edit.h"

#include <string.h>

#include "cli/command.h"
#include "cli/container_find.h"
#include "cli/output.h"
#include "cli/single_change.h"
#include "stack/service.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/parse.h"

struct update_options {
    const char *memory, *cpus, *pids_limit;
};

static const struct option update_options[] = {
    {
        .letter = 'm',
        .name = "memory",
        .argument = "SIZE",
        OPTION(TEXT, struct update_options, memory),
        .doc = "Limit of its memory, such as 512m; 0 lifts it.",
    },
    {
        .name = "cpus",
        .argument = "N",
        OPTION(TEXT, struct update_options, cpus),
        .doc = "Limit of its processors, such as 1.5; 0 lifts it.",
    },
    {
        .name = "pids-limit",
        .argument = "N",
        OPTION(TEXT, struct update_options, pids_limit),
        .doc = "Limit of its processes; 0 lifts it.",
    },
    { 0 },
};

/* What was given; -1: nothing. */
struct limits {
    int64_t cpu_millis, memory_bytes, pids;
};

static int parse_limits(const struct update_options *options, struct limits *out, struct error *err)
{
    uint64_t bytes = 0;

    *out = (struct limits){ .cpu_millis = -1, .memory_bytes = -1, .pids = -1 };
    if (options->memory) {
        if (parse_bytes(options->memory, &bytes, err) < 0)
            return error_wrap(err, "option '--memory'");
        out->memory_bytes = (int64_t)bytes;
    }
    if (options->cpus) {
        if (parse_millis(options->cpus, &out->cpu_millis, err) < 0)
            return error_wrap(err, "option '--cpus'");
    }
    if (options->pids_limit && parse_int(options->pids_limit, 0, INT32_MAX, &out->pids, err) < 0)
        return error_wrap(err, "option '--pids-limit'");
    return 0;
}

static void set_limits(void *context, struct service *service)
{
    const struct limits *limits = context;

    if (limits->cpu_millis >= 0)
        service->limits.cpu_millis = (uint64_t)limits->cpu_millis;
    if (limits->memory_bytes >= 0)
        service->limits.memory_bytes = (uint64_t)limits->memory_bytes;
    if (limits->pids >= 0)
        service->limits.pids = (uint64_t)limits->pids;
}

static int update_run(struct command_call *call, struct error *err)
{
    const struct update_options *options = call->options;
    struct limits limits;

    if (!options->memory && !options->cpus && !options->pids_limit)
        return command_refuse(call, err,
                              "nothing to change: give --memory, --cpus or --pids-limit");
    if (parse_limits(options, &limits, err) < 0)
        return -1;
    for (size_t i = 0; i < call->operands->count; i++) {
        AUTO_CONTAINER_FIND struct container_find found = { 0 };
        AUTO_FREE char *line = alloc_format("%s\n", call->operands->items[i]);

        if (container_find_single(call->operands->items[i], &found, err) < 0 ||
            single_change_edit(json_find_text(found.replica, "service", ""), set_limits, &limits,
                               err) < 0 ||
            output_result(line, err) < 0)
            return -1;
    }
    return 0;
}

static int rename_run(struct command_call *call, struct error *err)
{
    const char *name = call->operands->items[1];
    AUTO_CONTAINER_FIND struct container_find found = { 0 };
    AUTO_CONTAINER_FIND struct container_find other = { 0 };
    struct error absent = { 0 };

    if (single_change_check_name(name, err) < 0 ||
        container_find_single(call->operands->items[0], &found, err) < 0)
        return -1;
    /* A name may be the beginning of an id. */
    if (container_find(name, &other, &absent) == 0 &&
        strcmp(json_find_text(other.replica, "name", ""), name) == 0)
        return error_set(err, ERROR_EXISTS, "the name '%s' is in use: choose another", name);
    return single_change_rename(json_find_text(found.replica, "service", ""), name, err);
}

const struct command cmd_edit_update = {
    .name = "update",
    .operands = "CONTAINER...",
    .summary = "Change limits of containers while they run.",
    .options = update_options,
    .options_size = sizeof(struct update_options),
    .operand_min = 1,
    .operand_max = COMMAND_MANY,
    .run = update_run,
};

const struct command cmd_edit_rename = {
    .name = "rename",
    .operands = "CONTAINER NAME",
    .summary = "Give a container another name; other containers find it by its first one.",
    .operand_min = 2,
    .operand_max = 2,
    .run = rename_run,
};
