/* SPDX-License-Identifier: MIT */

/*
 * `schema`: the JSON schema of stack files, for editors
 */

#include "cli/cmd_schema.h"

#include "cli/command.h"
#include "cli/output.h"
#include "stack/schema.h"

static int schema_run(struct command_call *call, struct error *err)
{
    AUTO_TEXT struct text out = { 0 };

    (void)call;
    schema_write_json(&out);
    return output_result(text_get(&out), err);
}

const struct command cmd_schema = {
    .name = "schema",
    .summary = "Print the JSON schema of the stack file, for editors.",
    .run = schema_run,
};
