/* SPDX-License-Identifier: MIT */

/*
 * `ps`: of one stack, and in `carte` of all
 */

#include "cli/cmd_ps.h"

#include "cli/command.h"
#include "cli/output.h"
#include "cli/project.h"
#include "cli/ps_list.h"
#include "cli/remote.h"
#include "util/error.h"

static const char *const formats[] = { "table", "json", NULL };

#define PS_OPTIONS                                                          \
    {                                                                       \
        .letter = 'a',                                                      \
        .name = "all",                                                      \
        OPTION(FLAG, struct ps_list_options, all),                          \
        .doc = "Show replicas that are stopped, completed or failed, too.", \
    },                                                                      \
        {                                                                   \
            .letter = 'q',                                                  \
            .name = "quiet",                                                \
            OPTION(FLAG, struct ps_list_options, quiet),                    \
            .doc = "Print only the ids.",                                   \
        },                                                                  \
        {                                                                   \
            .name = "services",                                             \
            OPTION(FLAG, struct ps_list_options, services),                 \
            .doc = "Print only the names of services.",                     \
        },                                                                  \
        {                                                                   \
            .name = "format",                                               \
            .argument = "FORMAT",                                           \
            OPTION(TEXT, struct ps_list_options, format),                   \
            .fallback = "table",                                            \
            .choices = formats,                                             \
            .doc = "Print a table, or with json one object a line.",        \
        },                                                                  \
        { 0 },

static const struct option ps_options[] = { PS_OPTIONS };

static int ps_run(struct command_call *call, struct error *err)
{
    AUTO_FREE char *project = NULL;
    AUTO(json) struct json *stack = NULL;
    struct ps_list list;
    int result;

    if (project_find_name(call, &project, err) < 0 || remote_find_stack(project, &stack, err) < 0)
        return -1;
    if (stack && remote_check_services(stack, call->operands, err) < 0)
        return -1;
    ps_list_init(&list, call->options, call->operands);
    if (stack)
        ps_list_add(&list, project, stack);
    result = ps_list_print(&list, err);
    ps_list_done(&list);
    return result;
}

const struct command cmd_ps = {
    .name = "ps",
    .operands = "[SERVICE...]",
    .summary = "List the replicas of the stack.",
    .options = ps_options,
    .options_size = sizeof(struct ps_list_options),
    .operand_max = COMMAND_MANY,
    .run = ps_run,
};

/* A stack that does not answer must not hide the others. */
static void add_project(struct ps_list *list, const char *project)
{
    AUTO(json) struct json *stack = NULL;
    struct error err = { 0 };

    if (remote_find_stack(project, &stack, &err) < 0)
        output_message("warning", OUTPUT_YELLOW, "%s", err.text);
    else if (stack)
        ps_list_add(list, project, stack);
}

static int ps_all_run(struct command_call *call, struct error *err)
{
    AUTO_STRINGS struct strings projects = { 0 };
    struct ps_list list;
    int result;

    if (remote_list_projects(&projects, err) < 0)
        return -1;
    ps_list_init(&list, call->options, call->operands);
    for (size_t i = 0; i < projects.count; i++)
        add_project(&list, projects.items[i]);
    result = ps_list_print(&list, err);
    ps_list_done(&list);
    return result;
}

const struct command cmd_ps_all = {
    .name = "ps",
    .summary = "List the replicas of all stacks.",
    .options = ps_options,
    .options_size = sizeof(struct ps_list_options),
    .run = ps_all_run,
};
