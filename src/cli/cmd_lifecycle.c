/* SPDX-License-Identifier: MIT */

/*
 * `start`, `stop`, `restart` and `scale`: changes of what runs
 */

#include "cli/cmd_lifecycle.h"

#include <string.h>

#include "cli/action.h"
#include "cli/background.h"
#include "cli/command.h"
#include "cli/project.h"
#include "cli/remote.h"
#include "cli/scale_word.h"
#include "util/error.h"

struct lifecycle_options {
    int64_t timeout_ms;
};

static const struct option lifecycle_options[] = {
    {
        .letter = 't',
        .name = "timeout",
        .argument = "TIME",
        OPTION(DURATION, struct lifecycle_options, timeout_ms),
        .doc = "Kill what has not stopped after this time, instead of stop_grace_period.",
    },
    { 0 },
};

/* What one of the commands asks for. */
struct change {
    const char *path, *title;
    enum settle_goal goal;
};

static int run_change(struct command_call *call, const struct change *change, struct error *err)
{
    const struct lifecycle_options *options = call->options;
    AUTO_FREE char *project = NULL;
    AUTO(json) struct json *stack = NULL;
    AUTO_CLOSE int signal_fd = -1;
    struct action action = {
        .title = change->title,
        .path = change->path,
        .settle = { .goal = change->goal, .services = call->operands },
        .timeout_ms = OPTION_UNSET,
    };

    if (project_find_name(call, &project, err) < 0 || remote_get_stack(project, &stack, err) < 0 ||
        remote_check_services(stack, call->operands, err) < 0 ||
        background_open_signals(&signal_fd, err) < 0)
        return -1;
    action.project = project;
    action.signal_fd = signal_fd;
    action.settle.before = stack;
    action.body = remote_new_body(call->operands,
                                  call->command->options ? options->timeout_ms : OPTION_UNSET);
    return action_run(call, &action, err);
}

static int start_run(struct command_call *call, struct error *err)
{
    static const struct change change = { "/v1/start", "Starting", SETTLE_STARTED };

    return run_change(call, &change, err);
}

static int stop_run(struct command_call *call, struct error *err)
{
    static const struct change change = { "/v1/stop", "Stopping", SETTLE_STOPPED };

    return run_change(call, &change, err);
}

static int restart_run(struct command_call *call, struct error *err)
{
    static const struct change change = { "/v1/restart", "Restarting", SETTLE_STARTED };

    return run_change(call, &change, err);
}

const struct command cmd_lifecycle_start = {
    .name = "start",
    .operands = "[SERVICE...]",
    .summary = "Start services that were stopped.",
    .operand_max = COMMAND_MANY,
    .run = start_run,
};

const struct command cmd_lifecycle_stop = {
    .name = "stop",
    .operands = "[SERVICE...]",
    .summary = "Stop services and keep their replicas.",
    .options = lifecycle_options,
    .options_size = sizeof(struct lifecycle_options),
    .operand_max = COMMAND_MANY,
    .run = stop_run,
};

const struct command cmd_lifecycle_restart = {
    .name = "restart",
    .operands = "[SERVICE...]",
    .summary = "Stop and start services; a changed stack file is taken up by `up` only.",
    .options = lifecycle_options,
    .options_size = sizeof(struct lifecycle_options),
    .operand_max = COMMAND_MANY,
    .run = restart_run,
};

static int scale_run(struct command_call *call, struct error *err)
{
    AUTO_FREE char *project = NULL;
    AUTO(json) struct json *stack = NULL;
    AUTO(json) struct json *counts = json_new_object();
    AUTO_STRINGS struct strings services = { 0 };
    AUTO_CLOSE int signal_fd = -1;
    struct action action = {
        .title = "Scaling",
        .path = "/v1/scale",
        .settle = { .goal = SETTLE_STARTED, .services = &services },
        .timeout_ms = OPTION_UNSET,
    };

    for (size_t i = 0; i < call->operands->count; i++) {
        AUTO_FREE char *service = NULL;
        int64_t count;

        if (scale_word_parse(call->operands->items[i], &service, &count, err) < 0) {
            call->exit_status = COMMAND_EXIT_USAGE;
            return -1;
        }
        json_set_int(counts, service, count);
        strings_add(&services, service);
    }
    if (project_find_name(call, &project, err) < 0 || remote_get_stack(project, &stack, err) < 0 ||
        remote_check_services(stack, &services, err) < 0 ||
        background_open_signals(&signal_fd, err) < 0)
        return -1;
    action.project = project;
    action.signal_fd = signal_fd;
    action.settle.before = stack;
    action.body = json_new_object();
    json_set(action.body, "services", STEAL_PTR(counts));
    return action_run(call, &action, err);
}

const struct command cmd_lifecycle_scale = {
    .name = "scale",
    .operands = "SERVICE=N...",
    .summary = "Set the number of replicas, and hold the autoscaler for one cool-down.",
    .operand_min = 1,
    .operand_max = COMMAND_MANY,
    .run = scale_run,
};
