/* SPDX-License-Identifier: MIT */

/*
 * `carte-oci kill`, `delete`, `pause` and `resume`
 */

#include <signal.h>

#include "cli/cmd_oci.h"
#include "cli/command.h"
#include "cli/oci_call.h"
#include "oci/lifecycle.h"
#include "runtime/container.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/parse.h"

#define FREEZE_TIMEOUT_MS (10 * SECOND_MS)

struct kill_options {
    bool all, force;
};

static const struct option kill_options[] = {
    {
        .letter = 'a',
        .name = "all",
        OPTION(FLAG, struct kill_options, all),
        .doc = "Send the signal to every process of the container.",
    },
    { 0 },
};

static const struct option delete_options[] = {
    {
        .letter = 'f',
        .name = "force",
        OPTION(FLAG, struct kill_options, force),
        .doc = "Kill a container that runs; one that does not exist is no error.",
    },
    { 0 },
};

static int kill_run(struct command_call *call, struct error *err)
{
    const struct kill_options *options = call->options;
    AUTO_FOLDER struct folder folder = FOLDER_NONE;
    AUTO_RECORD struct record record = { 0 };
    int number = SIGTERM;

    if (call->operands->count > 1 && parse_signal(call->operands->items[1], &number, err) < 0)
        return -1;
    if (oci_call_open(call, false, &folder, &record, err) < 0)
        return -1;
    return lifecycle_kill(&record, number, options->all, err);
}

const struct command cmd_oci_kill = {
    .name = "kill",
    .operands = "ID [SIGNAL]",
    .summary = "Send a signal, by name or number, to the first process of a container.",
    .details = "Without SIGNAL it is SIGTERM.",
    .options = kill_options,
    .options_size = sizeof(struct kill_options),
    .operand_min = 1,
    .operand_max = 2,
    .run = kill_run,
};

static int delete_run(struct command_call *call, struct error *err)
{
    const struct kill_options *options = call->options;
    AUTO_FREE char *root = oci_call_root(call);
    AUTO_STRINGS struct strings warnings = { 0 };
    int result = lifecycle_delete(root, call->operands->items[0], options->force, &warnings, err);

    for (size_t i = 0; i < warnings.count; i++)
        oci_call_warn(call->globals, warnings.items[i]);
    if (result == 0 || !options->force || err->code != ERROR_NOT_FOUND)
        return result;
    error_clear(err);
    return 0;
}

const struct command cmd_oci_kill_delete = {
    .name = "delete",
    .operands = "ID",
    .summary = "Remove a container that does not run, with all that its creation made.",
    .options = delete_options,
    .options_size = sizeof(struct kill_options),
    .operand_min = 1,
    .operand_max = 1,
    .run = delete_run,
};

/* Open the container alone, and refuse one whose status is none of `wanted`, bits of 1 << status.
 */
static int open_in(const struct command_call *call, unsigned wanted, struct folder *folder,
                   struct record *record, struct error *err)
{
    enum record_status status;

    if (oci_call_open(call, true, folder, record, err) < 0)
        return -1;
    status = lifecycle_status(record);
    if (wanted >> status & 1)
        return 0;
    return error_set(err, ERROR_INVALID, "%scannot %s container '%s': it is %s%s",
                     status == RECORD_STOPPED ? "container not running: " : "", call->command->name,
                     record->id, record_status_name(status),
                     wanted == 1U << RECORD_PAUSED ? ", not paused" : "");
}

static int pause_run(struct command_call *call, struct error *err)
{
    AUTO_FOLDER struct folder folder = FOLDER_NONE;
    AUTO_RECORD struct record record = { 0 };

    if (open_in(call, 1U << RECORD_RUNNING | 1U << RECORD_CREATED, &folder, &record, err) < 0)
        return -1;
    return container_freeze(record.cgroup, record.id, FREEZE_TIMEOUT_MS, err);
}

const struct command cmd_oci_kill_pause = {
    .name = "pause",
    .operands = "ID",
    .summary = "Stop all processes of a container where they are.",
    .operand_min = 1,
    .operand_max = 1,
    .run = pause_run,
};

static int resume_run(struct command_call *call, struct error *err)
{
    AUTO_FOLDER struct folder folder = FOLDER_NONE;
    AUTO_RECORD struct record record = { 0 };

    if (open_in(call, 1U << RECORD_PAUSED, &folder, &record, err) < 0)
        return -1;
    return container_thaw(record.cgroup, record.id, err);
}

const struct command cmd_oci_kill_resume = {
    .name = "resume",
    .operands = "ID",
    .summary = "Let the processes of a paused container go on.",
    .operand_min = 1,
    .operand_max = 1,
    .run = resume_run,
};
