/* SPDX-License-Identifier: MIT */

/*
 * `up`: build what is missing, store the stack, and let the supervisor make it so
 *
 * Nothing has happened yet when a file is found to be wrong: loading, choosing and building
 * come before the stack is stored.
 */

#include "cli/cmd_up.h"

#include <stdlib.h>
#include <string.h>

#include "cli/action.h"
#include "cli/attach.h"
#include "cli/background.h"
#include "cli/command.h"
#include "cli/image_builder.h"
#include "cli/open_store.h"
#include "cli/project.h"
#include "cli/registry_job.h"
#include "cli/remote.h"
#include "cli/stack_choice.h"
#include "runtime/container.h"
#include "supervise/supervisor.h"
#include "util/clock.h"
#include "util/error.h"

struct up_options {
    bool detach, build, no_build, wait, force_recreate;
    bool no_log_prefix, timestamps, remove_orphans, insecure;
    struct strings scale;
    const char *pull;
    int64_t wait_timeout_ms, timeout_ms;
};

static const char *const pull_choices[] = { "missing", "always", "never", "policy", NULL };

static const struct option up_options[] = {
    {
        .letter = 'd',
        .name = "detach",
        OPTION(FLAG, struct up_options, detach),
        .doc = "Return once every replica has started, and leave the stack running.",
    },
    {
        .name = "wait",
        OPTION(FLAG, struct up_options, wait),
        .doc = "Return once every replica is healthy; implies -d.",
    },
    {
        .name = "wait-timeout",
        .argument = "TIME",
        OPTION(DURATION, struct up_options, wait_timeout_ms),
        .doc = "Give up waiting after this time; the stack goes on.",
    },
    {
        .name = "build",
        OPTION(FLAG, struct up_options, build),
        .doc = "Build all images again, not only those that are missing.",
    },
    {
        .name = "no-build",
        OPTION(FLAG, struct up_options, no_build),
        .doc = "Build nothing; a missing image is an error.",
    },
    {
        .name = "pull",
        .argument = "WHEN",
        OPTION(TEXT, struct up_options, pull),
        .fallback = "policy",
        .choices = pull_choices,
        .doc = "Fetch images that are not built: missing, always, never, or as the services' "
               "pull_policy says.",
    },
    REGISTRY_JOB_INSECURE_OPTION(struct up_options),
    {
        .name = "force-recreate",
        OPTION(FLAG, struct up_options, force_recreate),
        .doc = "Replace every replica, also where nothing has changed.",
    },
    {
        .name = "scale",
        .argument = "SERVICE=N",
        OPTION(LIST, struct up_options, scale),
        .doc = "Start N replicas, whatever the file says; may be given again.",
    },
    {
        .letter = 't',
        .name = "timeout",
        .argument = "TIME",
        OPTION(DURATION, struct up_options, timeout_ms),
        .doc = "On Ctrl-C, kill what has not stopped after this time.",
    },
    {
        .name = "no-log-prefix",
        OPTION(FLAG, struct up_options, no_log_prefix),
        .doc = "Leave out the replica's name before each line of output.",
    },
    {
        .name = "timestamps",
        OPTION(FLAG, struct up_options, timestamps),
        .doc = "Print the time before each line of output.",
    },
    {
        .name = "remove-orphans",
        OPTION(FLAG, struct up_options, remove_orphans),
        .hidden = true,
        .doc = "Always so: services that left the file are stopped.",
    },
    { 0 },
};

static int check_options(struct command_call *call, struct error *err)
{
    const struct up_options *options = call->options;

    if (options->build && options->no_build)
        return command_refuse(call, err, "--build and --no-build exclude each other");
    if (options->wait_timeout_ms != OPTION_UNSET && !options->wait)
        return command_refuse(call, err, "--wait-timeout goes with --wait");
    return 0;
}

/* Files, --scale and the choice of services, as a stack that is ready to be brought up. */
static int load_stack(struct command_call *call, struct stack **stack_out, struct strings *chosen,
                      struct error *err)
{
    const struct up_options *options = call->options;
    AUTO(stack) struct stack *stack = NULL;
    AUTO(json) struct json *running = NULL;

    if (project_load(call, &stack, err) < 0)
        return -1;
    if (stack_choice_scale(stack, &options->scale, err) < 0) {
        if (err->code == ERROR_INVALID)
            call->exit_status = COMMAND_EXIT_USAGE;
        return -1;
    }
    if (stack_choice_close(stack, call->operands, chosen, err) < 0)
        return -1;
    if (call->operands->count > 0) {
        if (remote_find_stack(stack->name, &running, err) < 0 ||
            stack_choice_keep_others(stack, chosen, running, err) < 0)
            return -1;
    }
    *stack_out = STEAL_PTR(stack);
    return 0;
}

static int prepare_images(struct command_call *call, const struct stack *stack,
                          const struct strings *chosen, struct error *err)
{
    const struct up_options *options = call->options;
    AUTO(store) struct store *store = open_store(err);
    struct progress progress;
    struct image_builder builder = {
        .store = store,
        .progress = &progress,
        .stack = stack,
        .pull_policy = strcmp(options->pull, "policy") == 0 ? NULL : options->pull,
        .insecure = options->insecure,
    };
    int result;

    if (!store)
        return -1;
    progress_init(&progress, call->globals->progress, "Building");
    result = image_builder_prepare(&builder, stack, chosen,
                                   options->build      ? IMAGE_BUILDER_ALL
                                   : options->no_build ? IMAGE_BUILDER_NONE
                                                       : IMAGE_BUILDER_MISSING,
                                   err);
    progress_done(&progress);
    return result;
}

static int apply(struct command_call *call, const char *project, const struct strings *chosen,
                 const struct attach *attach, struct error *err)
{
    const struct up_options *options = call->options;
    struct action action = {
        .project = project,
        .title = "Running",
        .path = "/v1/apply",
        .body = json_new_object(),
        .settle = {
            .goal = options->wait ? SETTLE_HEALTHY : SETTLE_STARTED,
            .services = chosen,
            .begin_ms = attach->begin_ms,
            .updates = true,
        },
        .timeout_ms = options->wait_timeout_ms,
        .signal_fd = attach->signal_fd,
    };

    json_set_bool(action.body, "force_recreate", options->force_recreate);
    return action_run(call, &action, err);
}

static int bring_up(struct command_call *call, const struct stack *stack,
                    const struct strings *chosen, struct error *err)
{
    const struct up_options *options = call->options;
    bool is_detached = options->detach || options->wait;
    AUTO_CLOSE int signal_fd = -1;
    uint64_t revision;
    struct attach attach = {
        .project = stack->name,
        .services = call->operands,
        .prefix = !options->no_log_prefix,
        .timestamps = options->timestamps,
        .begin_ms = clock_wall_ms(),
        .timeout_ms = options->timeout_ms,
    };

    /* The keeper inherits the mask of signals, which is why they are blocked after it. */
    if (supervisor_store_stack(stack, &revision, err) < 0 ||
        supervisor_ensure(stack->name, err) < 0 || background_open_signals(&signal_fd, err) < 0)
        return -1;
    attach.signal_fd = signal_fd;
    if (apply(call, stack->name, chosen, &attach, err) < 0) {
        if (is_detached || call->exit_status != COMMAND_EXIT_INTERRUPTED)
            return -1;
        /* Ctrl-C in the foreground stops the stack, also while it is starting. */
        error_clear(err);
        call->exit_status = COMMAND_EXIT_OK;
        attach.stop_at_once = true;
    }
    return is_detached ? 0 : attach_run(call, &attach, err);
}

static int up_run(struct command_call *call, struct error *err)
{
    AUTO(stack) struct stack *stack = NULL;
    AUTO_STRINGS struct strings chosen = { 0 };

    if (check_options(call, err) < 0 || load_stack(call, &stack, &chosen, err) < 0)
        return -1;
    if (container_check_host(err) < 0)
        return error_wrap(err, "this host cannot run containers");
    if (prepare_images(call, stack, &chosen, err) < 0)
        return -1;
    return bring_up(call, stack, &chosen, err);
}

const struct command cmd_up = {
    .name = "up",
    .operands = "[SERVICE...]",
    .summary = "Build what is missing, then create and start the services of the stack.",
    .details = "Without -d it prints the output of all replicas; Ctrl-C stops the stack "
               "gracefully, a second one kills it.",
    .options = up_options,
    .options_size = sizeof(struct up_options),
    .operand_max = COMMAND_MANY,
    .run = up_run,
};
