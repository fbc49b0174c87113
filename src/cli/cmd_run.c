/* SPDX-License-Identifier: MIT */

/*
 * `run` and `create` of single containers
 */

#include "cli/cmd_run.h"

#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/container_find.h"
#include "cli/open_store.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/registry_job.h"
#include "cli/single_attach.h"
#include "cli/single_change.h"
#include "cli/single_network.h"
#include "cli/single_spec.h"
#include "supervise/single.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/text.h"

/* Have the image in the store, fetched if need be. */
static int provide_image(struct command_call *call, const char *reference, struct error *err)
{
    const struct single_options *options = call->options;
    AUTO(store) struct store *store = open_store(err);
    AUTO(image) struct image *image = NULL;
    struct progress progress;
    struct registry_job job = { .store = store, .progress = &progress };
    int result;

    if (!store || store_find_image(store, reference, &image, err) < 0)
        return -1;
    if (image && strcmp(options->pull, "always") != 0)
        return 0;
    if (strcmp(options->pull, "never") == 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "there is no image '%s': carte images lists those that are there",
                         reference);
    progress_init(&progress, call->globals->progress, "Pulling");
    result = registry_job_pull(&job, reference, NULL, err);
    progress_done(&progress);
    return result;
}

/* Make the container, stopped; *name_out is freed by the caller. */
static int create(struct command_call *call, bool awaited, char **name_out, struct error *err)
{
    const struct single_options *given = call->options;
    struct single_options options = *given;
    AUTO_STRINGS struct strings networks = { 0 };
    AUTO_FREE char *name = given->name ? alloc_text(given->name) : single_change_make_name();
    AUTO_FREE char *text = NULL;

    if (single_change_check_name(name, err) < 0 ||
        single_network_resolve(&given->networks, &networks, err) < 0)
        return -1;
    options.networks = networks;
    if (single_spec_format(&options, name, call->operands, &text, err) < 0 ||
        provide_image(call, call->operands->items[0], err) < 0 ||
        single_change_create(name, text, awaited, err) < 0)
        return -1;
    *name_out = STEAL_PTR(name);
    return 0;
}

static int print_id(const char *name, struct error *err)
{
    AUTO(json) struct json *stack = NULL;
    const struct json *replica = NULL;
    char line[CONTAINER_FIND_ID_SIZE + 1];

    if (single_change_look(name, &stack, &replica, err) < 0)
        return -1;
    container_find_id(SINGLE_PROJECT, replica, line);
    strcat(line, "\n");
    return output_result(line, err);
}

static int run_detached(struct command_call *call, const char *name, struct error *err)
{
    if (print_id(name, err) < 0)
        return -1;
    return single_change_start(name, &call->exit_status, err);
}

static int run_attached(struct command_call *call, const char *name, struct error *err)
{
    const struct single_options *options = call->options;
    const struct single_attach attach = {
        .name = name,
        .detach_keys = options->detach_keys,
        .has_terminal = options->terminal,
        .has_input = options->interactive,
        .passes_signals = !options->no_proxy,
    };
    bool is_detached = false;

    return single_attach_run(&attach, &call->exit_status, &is_detached, err);
}

static int run_run(struct command_call *call, struct error *err)
{
    const struct single_options *options = call->options;
    AUTO_FREE char *name = NULL;
    int result = create(call, !options->detach, &name, err);

    if (result == 0)
        result = options->detach ? run_detached(call, name, err) : run_attached(call, name, err);
    if (result < 0 && call->exit_status == 0)
        call->exit_status = COMMAND_EXIT_ENGINE;
    return result;
}

static int create_run(struct command_call *call, struct error *err)
{
    AUTO_FREE char *name = NULL;

    if (create(call, false, &name, err) < 0) {
        call->exit_status = COMMAND_EXIT_ENGINE;
        return -1;
    }
    return print_id(name, err);
}

const struct command cmd_run = {
    .name = "run",
    .operands = "IMAGE [COMMAND...]",
    .summary = "Run a command in a new container.",
    .details = "Without -d it shows what the container writes and ends with its exit status; 125 "
               "means that it could not be started, 126 and 127 that its program could not be "
               "executed or was not found.",
    .options = single_option_rows,
    .options_size = sizeof(struct single_options),
    .operand_min = 1,
    .operand_max = COMMAND_MANY,
    .stop_at_operand = true,
    .usage_status = COMMAND_EXIT_ENGINE,
    .run = run_run,
};

const struct command cmd_run_create = {
    .name = "create",
    .operands = "IMAGE [COMMAND...]",
    .summary = "Make a container that `start` starts.",
    .options = single_option_rows,
    .options_size = sizeof(struct single_options),
    .operand_min = 1,
    .operand_max = COMMAND_MANY,
    .stop_at_operand = true,
    .usage_status = COMMAND_EXIT_ENGINE,
    .run = create_run,
};
