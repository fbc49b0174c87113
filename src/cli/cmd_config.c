/* SPDX-License-Identifier: MIT */

/*
 * `config`: the stack as it is understood, with everything resolved
 */

#include "cli/cmd_config.h"

#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/project.h"
#include "util/error.h"

struct config_options {
    bool quiet, services, images, networks, volumes;
    const char *format;
};

static const char *const formats[] = { "yaml", NULL };

static const struct option config_options[] = {
    {
        .letter = 'q',
        .name = "quiet",
        OPTION(FLAG, struct config_options, quiet),
        .doc = "Only check, and print nothing.",
    },
    {
        .name = "services",
        OPTION(FLAG, struct config_options, services),
        .doc = "Print the names of the services.",
    },
    {
        .name = "images",
        OPTION(FLAG, struct config_options, images),
        .doc = "Print the names of the images.",
    },
    {
        .name = "networks",
        OPTION(FLAG, struct config_options, networks),
        .doc = "Print the names of the networks.",
    },
    {
        .name = "volumes",
        OPTION(FLAG, struct config_options, volumes),
        .doc = "Print the names of the volumes.",
    },
    {
        .name = "format",
        .argument = "FORMAT",
        OPTION(TEXT, struct config_options, format),
        .fallback = "yaml",
        .choices = formats,
        .doc = "Print the file as yaml.",
    },
    { 0 },
};

/* One name a line; false when no list was asked for. */
static bool format_lists(const struct config_options *options, const struct stack *stack,
                         struct text *out)
{
    for (size_t i = 0; options->services && i < stack->service_count; i++)
        text_add_format(out, "%s\n", stack->services[i].name);
    for (size_t i = 0; options->images && i < stack->service_count; i++)
        text_add_format(out, "%s\n", stack->services[i].image);
    for (size_t i = 0; options->networks && i < stack->network_count; i++)
        text_add_format(out, "%s\n", stack->networks[i].key);
    for (size_t i = 0; options->volumes && i < stack->volume_count; i++)
        text_add_format(out, "%s\n", stack->volumes[i].key);
    return options->services || options->images || options->networks || options->volumes;
}

static int config_run(struct command_call *call, struct error *err)
{
    const struct config_options *options = call->options;
    AUTO(stack) struct stack *stack = NULL;
    AUTO_TEXT struct text out = { 0 };

    if (project_load(call, &stack, err) < 0)
        return -1;
    if (options->quiet)
        return 0;
    if (!format_lists(options, stack, &out))
        stack_format(stack, &out);
    return output_result(text_get(&out), err);
}

const struct command cmd_config = {
    .name = "config",
    .summary = "Check the stack file and print it as it is understood.",
    .details = "Files are merged, variables replaced, paths absolute and defaults in place.",
    .options = config_options,
    .options_size = sizeof(struct config_options),
    .run = config_run,
};
