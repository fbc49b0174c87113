/* SPDX-License-Identifier: MIT */

/*
 * Documents made from the command tables
 */

#include "cli/document.h"

#include "cli/program.h"

static const struct command_program *const programs[] = {
    &program_stack,
    &program_carte,
    &program_oci,
};

/* A cell of a table: a bar would end it. */
static void add_cell(struct text *out, const char *string)
{
    for (; *string; string++) {
        if (*string == '|')
            text_add_char(out, '\\');
        text_add_char(out, *string);
    }
}

static void add_option(const struct option *option, struct text *out)
{
    text_add(out, "| `");
    if (option->letter)
        text_add_format(out, "-%c`, `", option->letter);
    text_add_format(out, "--%s%s%s` | ", option->name, option->argument ? " " : "",
                    option->argument ? option->argument : "");
    add_cell(out, option->doc);
    if (option->fallback)
        text_add_format(out, " Default: `%s`.", option->fallback);
    text_add(out, " |\n");
}

static void add_options(const struct option *options, struct text *out)
{
    const char *head = "\n| option | meaning |\n|---|---|\n";

    for (const struct option *option = options; option && option->name; option++) {
        if (option->hidden)
            continue;
        text_add(out, head);
        head = "";
        add_option(option, out);
    }
}

/* What is refused is known all the same, and what to do instead. */
static void add_refused_options(const struct option_refused *rows, struct text *out)
{
    if (!rows)
        return;
    text_add(out, "\nOptions of docker that are not built, and refused with what to do instead:");
    for (const struct option_refused *row = rows; row->name; row++)
        text_add_format(out, "%s `--%s`", row == rows ? "" : ",", row->name);
    text_add(out, ".\n");
}

static void add_command(const struct command_program *program, const struct command *command,
                        struct text *out)
{
    text_add_format(out, "\n### %s %s\n\n", program->name, command->name);
    text_add_format(out, "`%s %s%s%s%s`\n\n%s\n", program->name, command->name,
                    command->options ? " [OPTION...]" : "", command->operands ? " " : "",
                    command->operands ? command->operands : "", command->summary);
    if (command->details)
        text_add_format(out, "%s\n", command->details);
    add_options(command->options, out);
    add_refused_options(command->refused_options, out);
}

/* Commands that are known and refused are one line, not a section each. */
static void add_refused(const struct command_program *program, struct text *out)
{
    const char *before = "\nKnown, but not built yet (exit status 69): ";
    const char *after = "";

    for (const struct command *const *command = program->commands; *command; command++) {
        if (!(*command)->refusal)
            continue;
        text_add_format(out, "%s`%s`", before, (*command)->name);
        before = ", ";
        after = ".\n";
    }
    text_add(out, after);
}

static void add_program(const struct command_program *program, struct text *out)
{
    text_add_format(out, "\n## %s\n\n%s\n", program->name, program->summary);
    text_add(out, "These options may stand before the command and behind it:\n");
    add_options(program->globals, out);
    for (const struct command *const *command = program->commands; *command; command++) {
        if (!(*command)->hidden && !(*command)->refusal)
            add_command(program, *command, out);
    }
    add_refused(program, out);
}

void document_format_commands(struct text *out)
{
    text_add(out, "<!-- Made by `make generate` from the tables in src/cli. -->\n\n"
                  "# Commands\n\n"
                  "Results go to the standard output, progress and messages to the standard "
                  "error.\n"
                  "TIME is written as 250ms, 10s or 1m30s; a number alone is seconds.\n"
                  "What a program ends with stands in [exit-codes.md](exit-codes.md).\n");
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
        add_program(programs[i], out);
}

void document_format_exit_codes(struct text *out)
{
    text_add(out, "<!-- Made by `make generate` from the table in src/cli/command.c. -->\n\n"
                  "# Exit statuses\n\n"
                  "| status | meaning |\n|---|---|\n");
    for (const struct command_exit_row *row = command_exit_table; row->meaning; row++)
        text_add_format(out, "| %d | %s |\n", row->status, row->meaning);
    text_add(out, "\n`carte-stack exec` ends with the status of the command that it ran, or with "
                  "128 and the signal's number when a signal ended that.\n");
}
