/* SPDX-License-Identifier: MIT */

/*
 * Manual pages made from the command tables
 */

#include "cli/document_man.h"

#include "cli/command.h"

/* Text that roff takes as it stands: a dot at the start of a line would be a request. */
static void add_roff(struct text *out, const char *string)
{
    if (*string == '.' || *string == '\'')
        text_add(out, "\\&");
    for (; *string; string++) {
        if (*string == '\\')
            text_add(out, "\\e");
        else if (*string == '-')
            text_add(out, "\\-");
        else if (*string != '`')
            text_add_char(out, *string);
    }
}

static void add_options(const struct option *options, struct text *out)
{
    for (const struct option *option = options; option && option->name; option++) {
        if (option->hidden)
            continue;
        text_add(out, ".TP\n.B ");
        if (option->letter)
            text_add_format(out, "\\-%c, ", option->letter);
        text_add(out, "\\-\\-");
        add_roff(out, option->name);
        if (option->argument)
            text_add_format(out, " \\fI%s\\fR", option->argument);
        text_add_char(out, '\n');
        add_roff(out, option->doc);
        if (option->fallback)
            text_add_format(out, " Default: %s.", option->fallback);
        text_add_char(out, '\n');
    }
}

static void add_command(const struct command *command, struct text *out)
{
    text_add_format(out, ".SS %s", command->name);
    if (command->operands) {
        text_add_char(out, ' ');
        add_roff(out, command->operands);
    }
    text_add_char(out, '\n');
    add_roff(out, command->summary);
    text_add_char(out, '\n');
    if (command->details) {
        add_roff(out, command->details);
        text_add_char(out, '\n');
    }
    add_options(command->options, out);
}

void document_man_format(const struct command_program *program, struct text *out)
{
    text_add(out, ".\\\" Made by `make generate` from the tables in src/cli.\n");
    text_add_format(out, ".TH %s 1 \"\" \"carte-stack\" \"User commands\"\n.SH NAME\n",
                    program->name);
    add_roff(out, program->name);
    text_add(out, " \\- ");
    add_roff(out, program->summary);
    text_add_format(out,
                    "\n.SH SYNOPSIS\n.B %s\n[OPTION...] COMMAND [ARGUMENT...]\n"
                    ".SH OPTIONS\nThese may stand before the command and behind it.\n",
                    program->name);
    add_options(program->globals, out);
    text_add(out, ".SH COMMANDS\n");
    for (const struct command *const *command = program->commands; *command; command++) {
        if (!(*command)->hidden && !(*command)->refusal)
            add_command(*command, out);
    }
    text_add(out, ".SH EXIT STATUS\n");
    for (const struct command_exit_row *row = command_exit_table; row->meaning; row++) {
        text_add_format(out, ".TP\n.B %d\n", row->status);
        add_roff(out, row->meaning);
        text_add_char(out, '\n');
    }
    text_add(out, ".SH FILES\n.TP\n.I /var/lib/carte\n"
                  "Images, volumes, stacks and logs; CARTE_ROOT names another place.\n"
                  ".TP\n.I /run/carte\n"
                  "Sockets and the state of what runs; CARTE_RUN names another place.\n");
}
