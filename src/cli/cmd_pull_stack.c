/* SPDX-License-Identifier: MIT */

/*
 * `carte-stack pull` and `push`: the images of a stack from and to registries
 *
 * What a service builds is pushed and not pulled; what it does not build is pulled and not pushed.
 */

#include "cli/cmd_pull_stack.h"

#include "cli/command.h"
#include "cli/open_store.h"
#include "cli/output.h"
#include "cli/project.h"
#include "cli/registry_job.h"
#include "cli/stack_choice.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/text.h"

struct move_options {
    bool insecure, quiet;
    const char *compression; /* of pushes */
};

static const struct option pull_options[] = {
    REGISTRY_JOB_INSECURE_OPTION(struct move_options),
    {
        .letter = 'q',
        .name = "quiet",
        OPTION(FLAG, struct move_options, quiet),
        .doc = "Show no progress.",
    },
    { 0 },
};

static const struct option push_options[] = {
    REGISTRY_JOB_INSECURE_OPTION(struct move_options),
    REGISTRY_JOB_COMPRESSION_OPTION(struct move_options),
    {
        .letter = 'q',
        .name = "quiet",
        OPTION(FLAG, struct move_options, quiet),
        .doc = "Show no progress.",
    },
    { 0 },
};

/* The images to move, each once: of services with a build section, or of those without. */
static int collect(const struct command_call *call, bool built, struct strings *out,
                   struct error *err)
{
    AUTO(stack) struct stack *stack = NULL;

    if (project_load(call, &stack, err) < 0)
        return -1;
    for (size_t i = 0; i < call->operands->count; i++) {
        if (!stack_find_service(stack, call->operands->items[i]))
            return error_set(err, ERROR_NOT_FOUND,
                             "no such service: '%s'; 'carte-stack config --services' lists them",
                             call->operands->items[i]);
    }
    for (size_t i = 0; i < stack->service_count; i++) {
        const struct service *service = &stack->services[i];
        bool is_chosen = call->operands->count == 0 || strings_has(call->operands, service->name);

        if (is_chosen && service->build.present == built && !strings_has(out, service->image))
            strings_add(out, service->image);
    }
    return 0;
}

static int move_all(struct command_call *call, bool built, struct error *err)
{
    const struct move_options *options = call->options;
    const char *mode = options->quiet ? "quiet" : call->globals->progress;
    AUTO_STRINGS struct strings names = { 0 };
    AUTO(store) struct store *store = NULL;
    struct registry_job job = {
        .insecure = options->insecure,
        .gzip = text_equal(options->compression, "gzip"),
    };
    AUTO_TEXT struct text out = { 0 };
    int result = 0;

    if (collect(call, built, &names, err) < 0)
        return -1;
    job.store = store = open_store(err);
    if (!store)
        return -1;
    result = built ? registry_job_push_all(&job, &names, mode, &out, err)
                   : registry_job_pull_all(&job, &names, mode, NULL, err);
    return result < 0 ? -1 : output_result(text_get(&out), err);
}

static int pull_run(struct command_call *call, struct error *err)
{
    return move_all(call, false, err);
}

const struct command cmd_pull_stack = {
    .name = "pull",
    .operands = "[SERVICE...]",
    .summary = "Fetch the images of the services that have no build section.",
    .options = pull_options,
    .options_size = sizeof(struct move_options),
    .operand_max = COMMAND_MANY,
    .run = pull_run,
};

static int push_run(struct command_call *call, struct error *err)
{
    return move_all(call, true, err);
}

const struct command cmd_pull_stack_push = {
    .name = "push",
    .operands = "[SERVICE...]",
    .summary = "Publish the images of the services that have a build section.",
    .details = "Prints their names with digests. The service's image says where it goes: "
               "HOST[:PORT]/PATH[:TAG].",
    .options = push_options,
    .options_size = sizeof(struct move_options),
    .operand_max = COMMAND_MANY,
    .run = push_run,
};
