/* SPDX-License-Identifier: MIT */

/*
 * `events`: what happened to the stack and why
 */

#include "cli/cmd_events.h"

#include "cli/command.h"
#include "cli/output.h"
#include "cli/project.h"
#include "cli/remote.h"
#include "supervise/control.h"
#include "util/error.h"

struct events_options {
    bool json, all;
};

static const struct option events_options[] = {
    {
        .name = "json",
        OPTION(FLAG, struct events_options, json),
        .doc = "Print one JSON object a line.",
    },
    {
        .letter = 'a',
        .name = "all",
        OPTION(FLAG, struct events_options, all),
        .doc = "Begin with the events that are kept from before.",
    },
    { 0 },
};

struct printing {
    const struct events_options *options;
    const struct strings *services; /* empty: all */
    struct error err;
};

static void format_event(const struct json *event, bool as_json, struct text *out)
{
    const char *replica = json_find_text(event, "replica", "");
    const char *subject = replica[0] ? replica : json_find_text(event, "service", "");
    AUTO_FREE char *line = as_json ? json_print(event, false) : NULL;

    if (line) {
        text_add_format(out, "%s\n", line);
        return;
    }
    text_add_format(out, "%s ", json_find_text(event, "time", ""));
    if (subject[0]) {
        output_add_clean(out, subject);
        text_add(out, ": ");
    }
    output_add_clean(out, json_find_text(event, "type", ""));
    text_add(out, ": ");
    output_add_clean(out, json_find_text(event, "text", ""));
    text_add_char(out, '\n');
}

static bool print_event(void *context, const struct json *event)
{
    struct printing *printing = context;
    AUTO_TEXT struct text out = { 0 };

    if (printing->services->count > 0 &&
        !strings_has(printing->services, json_find_text(event, "service", "")))
        return true;
    format_event(event, printing->options->json, &out);
    return output_result(text_get(&out), &printing->err) == 0;
}

static int events_run(struct command_call *call, struct error *err)
{
    const struct events_options *options = call->options;
    struct printing printing = { .options = options, .services = call->operands };
    AUTO_FREE char *project = NULL;
    AUTO(json) struct json *stack = NULL;

    if (project_find_name(call, &project, err) < 0 || remote_get_stack(project, &stack, err) < 0 ||
        remote_check_services(stack, call->operands, err) < 0 ||
        control_follow(project, options->all ? 0 : INT64_MAX, print_event, &printing, err) < 0)
        return -1;
    if (printing.err.code == ERROR_NONE)
        return 0;
    *err = printing.err;
    return error_wrap(err, "print the events");
}

const struct command cmd_events = {
    .name = "events",
    .operands = "[SERVICE...]",
    .summary = "Print what happens to the stack and why, until Ctrl-C.",
    .options = events_options,
    .options_size = sizeof(struct events_options),
    .operand_max = COMMAND_MANY,
    .run = events_run,
};
