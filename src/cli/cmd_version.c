/* SPDX-License-Identifier: MIT */

/*
 * `version`, the same in all three programs
 */

#include "cli/cmd_version.h"

#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "util/json.h"

struct version_options {
    bool only_number;
    const char *format;
};

static const char *const formats[] = { "text", "json", NULL };

static const struct option version_options[] = {
    {
        .name = "short",
        OPTION(FLAG, struct version_options, only_number),
        .doc = "Print the number alone.",
    },
    {
        .letter = 'f',
        .name = "format",
        .argument = "FORMAT",
        OPTION(TEXT, struct version_options, format),
        .fallback = "text",
        .choices = formats,
        .doc = "Print as text or json.",
    },
    { 0 },
};

static int version_run(struct command_call *call, struct error *err)
{
    const struct version_options *options = call->options;
    AUTO_TEXT struct text out = { 0 };

    if (strcmp(options->format, "json") == 0) {
        AUTO(json) struct json *json = json_new_object();
        AUTO_FREE char *line = NULL;

        json_set_text(json, "version", CARTE_VERSION);
        line = json_print(json, false);
        text_add_format(&out, "%s\n", line);
    } else if (options->only_number) {
        text_add(&out, CARTE_VERSION "\n");
    } else {
        text_add_format(&out, "%s version %s\n", call->program->name, CARTE_VERSION);
    }
    return output_result(text_get(&out), err);
}

const struct command cmd_version = {
    .name = "version",
    .summary = "Print the version.",
    .options = version_options,
    .options_size = sizeof(struct version_options),
    .run = version_run,
};
