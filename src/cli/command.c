/* SPDX-License-Identifier: MIT */

/*
 * Commands of the three programs
 */

#include "cli/command.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

const struct command_exit_row command_exit_table[] = {
    { COMMAND_EXIT_OK, "Done. Also `up` in the foreground after a graceful stop by Ctrl-C." },
    { COMMAND_EXIT_ERROR, "It failed; the last line of the standard error says what and why." },
    { COMMAND_EXIT_USAGE, "The command line is wrong: an unknown option, a missing operand." },
    { COMMAND_EXIT_INVALID, "A stack file, an environment file or a Cartefile is wrong." },
    { COMMAND_EXIT_UNSUPPORTED, "This host, or this version of carte, cannot do it." },
    { COMMAND_EXIT_ENGINE,
      "`carte run` and `create`: the container could not be made or started." },
    { COMMAND_EXIT_CANNOT_EXECUTE,
      "`exec`, `carte run` and `start`: the program cannot be executed." },
    { COMMAND_EXIT_NOT_FOUND,
      "`exec`, `carte run` and `start`: there is no such program in the container." },
    { COMMAND_EXIT_INTERRUPTED, "Ended by Ctrl-C before it was done." },
    { 0, NULL },
};

const char *const command_progress_choices[] = { "auto", "tty", "plain", "quiet", NULL };

static const struct {
    enum error_code code;
    int status;
} exit_of_code[] = {
    { ERROR_INVALID, COMMAND_EXIT_INVALID },
    { ERROR_UNSUPPORTED, COMMAND_EXIT_UNSUPPORTED },
};

int command_exit_of(const struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(exit_of_code); i++) {
        if (exit_of_code[i].code == err->code)
            return exit_of_code[i].status;
    }
    return COMMAND_EXIT_ERROR;
}

const struct command *command_find(const struct command_program *program, const char *name)
{
    for (const struct command *const *command = program->commands; *command; command++) {
        if (strcmp((*command)->name, name) == 0)
            return *command;
    }
    return NULL;
}

static int usage_status(const struct command *command)
{
    return command->usage_status ? command->usage_status : COMMAND_EXIT_USAGE;
}

int command_refuse(struct command_call *call, struct error *err, const char *format, ...)
{
    char buffer[768];
    va_list args;

    va_start(args, format);
    vsnprintf(buffer, sizeof(buffer), format, args);
    va_end(args);
    call->exit_status = usage_status(call->command);
    return error_set(err, ERROR_INVALID, "%s; see %s %s --help", buffer, call->program->name,
                     call->command->name);
}

static void format_options(const char *heading, const struct option *options, struct text *out)
{
    size_t width = 0;
    char spelling[128];

    for (const struct option *option = options; option && option->name; option++) {
        if (option->hidden)
            continue;
        option_spelling(option, spelling, sizeof(spelling));
        width = MAX(width, strlen(spelling));
    }
    if (width == 0)
        return;
    text_add_format(out, "\n%s:\n", heading);
    for (const struct option *option = options; option && option->name; option++) {
        if (option->hidden)
            continue;
        option_spelling(option, spelling, sizeof(spelling));
        text_add_format(out, "  %-*s  %s", (int)width, spelling, option->doc);
        if (option->fallback)
            text_add_format(out, " Default: %s.", option->fallback);
        text_add_char(out, '\n');
    }
}

void command_format_help(const struct command_program *program, struct text *out)
{
    size_t width = 0;

    text_add_format(out, "Usage: %s [OPTION...] COMMAND [ARGUMENT...]\n\n%s\n\nCommands:\n",
                    program->name, program->summary);
    for (const struct command *const *command = program->commands; *command; command++) {
        if (!(*command)->hidden && !(*command)->refusal)
            width = MAX(width, strlen((*command)->name));
    }
    for (const struct command *const *command = program->commands; *command; command++) {
        if (!(*command)->hidden && !(*command)->refusal)
            text_add_format(out, "  %-*s  %s\n", (int)width, (*command)->name, (*command)->summary);
    }
    format_options("Options", program->globals, out);
    text_add_format(out, "\n'%s COMMAND --help' tells more of a command.\n", program->name);
}

void command_format_usage(const struct command_program *program, const struct command *command,
                          struct text *out)
{
    text_add_format(out, "Usage: %s %s%s%s%s\n\n%s\n", program->name, command->name,
                    command->options ? " [OPTION...]" : "", command->operands ? " " : "",
                    command->operands ? command->operands : "", command->summary);
    if (command->details)
        text_add_format(out, "%s\n", command->details);
    if (command->refusal)
        text_add_format(out, "This command %s.\n", command->refusal);
    format_options("Options", command->options, out);
    format_options("Options of every command", program->globals, out);
}

static int print_help(const struct command_program *program, const struct command *command,
                      struct error *err)
{
    AUTO_TEXT struct text out = { 0 };

    if (command)
        command_format_usage(program, command, &out);
    else
        command_format_help(program, &out);
    return output_result(text_get(&out), err);
}

/* "network" has the commands "network create", "network rm" and so on: their second words. */
static void add_group(const struct command_program *program, const char *name, struct text *out)
{
    size_t length = strlen(name);

    for (const struct command *const *command = program->commands; *command; command++) {
        if (strncmp((*command)->name, name, length) == 0 && (*command)->name[length] == ' ')
            text_add_format(out, "%s%s", out->length ? ", " : "", (*command)->name + length + 1);
    }
}

/* The command that the words from `at` on name, with how many of them, or NULL. */
static const struct command *find_by_words(const struct command_program *program,
                                           const struct strings *words, size_t at,
                                           size_t *count_out)
{
    const struct command *command = command_find(program, words->items[at]);

    *count_out = 1;
    if (!command && at + 1 < words->count) {
        AUTO_FREE char *both = alloc_format("%s %s", words->items[at], words->items[at + 1]);

        *count_out = 2;
        command = command_find(program, both);
    }
    return command;
}

static int refuse_group(const char *group, const char *second, const char *known, struct error *err)
{
    if (second && second[0] != '-')
        return error_set(err, ERROR_INVALID, "unknown command '%s %s'; there are %s", group, second,
                         known);
    return error_set(err, ERROR_INVALID, "'%s' needs a command: %s", group, known);
}

static int refuse_command(const struct command_program *program, const struct strings *words,
                          size_t at, struct error *err)
{
    AUTO_STRINGS struct strings known = { 0 };
    AUTO_TEXT struct text group = { 0 };
    const char *name = words->items[at];
    const char *nearest;

    add_group(program, name, &group);
    if (group.length > 0)
        return refuse_group(name, at + 1 < words->count ? words->items[at + 1] : NULL,
                            text_get(&group), err);
    for (const struct command *const *command = program->commands; *command; command++) {
        if (!(*command)->hidden)
            strings_add(&known, (*command)->name);
    }
    nearest = text_nearest(name, (const char *const *)known.items);
    if (nearest)
        return error_set(err, ERROR_INVALID, "unknown command '%s'; did you mean '%s'?", name,
                         nearest);
    return error_set(err, ERROR_INVALID, "unknown command '%s'; %s --help lists them", name,
                     program->name);
}

static int check_operands(struct command_call *call, struct error *err)
{
    const struct command *command = call->command;

    if (call->operands->count < command->operand_min)
        return command_refuse(call, err, "'%s' needs %s", command->name, command->operands);
    if (call->operands->count > command->operand_max && !command->operands)
        return command_refuse(call, err, "'%s' takes no operand, but '%s' was given", command->name,
                              call->operands->items[0]);
    if (call->operands->count > command->operand_max)
        return command_refuse(call, err, "'%s' takes only %s, but '%s' was given too",
                              command->name, command->operands,
                              call->operands->items[command->operand_max]);
    return 0;
}

/* Parse the words behind the command's name and run it. */
static int run_command(struct command_call *call, struct command_globals *globals,
                       const struct option_line *line, struct error *err)
{
    const struct command *command = call->command;
    AUTO_FREE void *options = alloc_zeroed(1, MAX(command->options_size, (size_t)1));
    AUTO_STRINGS struct strings operands = { 0 };
    const struct option_set sets[] = {
        { command->options, options, command->refused_options },
        { call->program->globals, globals, NULL },
    };
    int result;

    option_init(&sets[0]);
    call->options = options;
    call->operands = &operands;
    if (option_parse(sets, ARRAY_SIZE(sets), line, &operands, err) < 0) {
        call->exit_status = usage_status(command);
        result = error_wrap(err, "%s", command->name);
    } else if (globals->help) {
        result = print_help(call->program, command, err);
    } else if (check_operands(call, err) < 0 ||
               (call->program->prepare && call->program->prepare(globals, err) < 0)) {
        result = -1;
    } else {
        result = command->run(call, err);
    }
    option_done(&sets[0]);
    call->options = NULL;
    call->operands = NULL;
    return result;
}

/* Find the command that `words` name and run it with the rest of the line. */
static int dispatch(struct command_call *call, struct command_globals *globals,
                    const struct strings *words, struct error *err)
{
    bool help = words->count > 0 && strcmp(words->items[0], "help") == 0;
    size_t at = help ? 1 : 0;
    size_t named = 0;
    struct option_line line = { 0 };

    if (at >= words->count) {
        if (help || globals->help)
            return print_help(call->program, NULL, err);
        call->exit_status = COMMAND_EXIT_USAGE;
        return error_set(err, ERROR_INVALID, "no command; %s --help lists them",
                         call->program->name);
    }
    call->command = find_by_words(call->program, words, at, &named);
    if (!call->command) {
        call->exit_status = COMMAND_EXIT_USAGE;
        return refuse_command(call->program, words, at, err);
    }
    if (help || globals->help)
        return print_help(call->program, call->command, err);
    if (call->command->refusal) {
        /* Asking for the help of a command that is refused is answered all the same. */
        if (words->count > named && strcmp(words->items[named], "--help") == 0)
            return print_help(call->program, call->command, err);
        return error_set(err, ERROR_UNSUPPORTED, "'%s' %s", call->command->name,
                         call->command->refusal);
    }
    line.argc = (int)(words->count - named);
    line.argv = words->items + named;
    line.stop_at_operand = call->command->stop_at_operand;
    return run_command(call, globals, &line, err);
}

static int run_line(struct command_call *call, struct command_globals *globals,
                    const struct option_line *line, struct error *err)
{
    const struct option_set set = { call->program->globals, globals, NULL };
    AUTO_STRINGS struct strings words = { 0 };

    if (option_parse(&set, 1, line, &words, err) < 0) {
        call->exit_status = COMMAND_EXIT_USAGE;
        return -1;
    }
    if (globals->version) {
        strings_done(&words);
        strings_add(&words, "version");
    }
    return dispatch(call, globals, &words, err);
}

static void ignore_signal(int number)
{
    (void)number;
}

/*
 * A reader of our output that goes away is an error of write(), not a death. A handler instead
 * of SIG_IGN, because that would be inherited by the programs we execute.
 */
static void catch_broken_pipes(void)
{
    struct sigaction action = { .sa_handler = ignore_signal, .sa_flags = SA_RESTART };

    sigaction(SIGPIPE, &action, NULL);
}

/* What is root's is told once, here, whatever could not be opened. */
static void print_error(const struct error *err)
{
    bool is_denied = err->code == ERROR_DENIED && geteuid() != 0 && !strstr(err->text, "sudo");

    if (err->text[0] != '\0')
        output_message(NULL, OUTPUT_PLAIN, "%s%s", err->text,
                       is_denied ? "; run it with sudo" : "");
}

int command_main(const struct command_program *program, int argc, char **argv)
{
    struct command_globals globals = { 0 };
    const struct option_set set = { program->globals, &globals, NULL };
    struct command_call call = { .program = program, .globals = &globals };
    struct option_line line = { .argc = argc - 1, .argv = argv + 1, .stop_at_operand = true };
    struct error err = { 0 };
    int result;

    assert(argc > 0);
    catch_broken_pipes();
    output_set_program(program->name);
    option_init(&set);
    result = run_line(&call, &globals, &line, &err);
    if (result < 0 && program->report)
        program->report(&globals, &err);
    option_done(&set);
    if (result == 0)
        return call.exit_status;
    print_error(&err);
    return call.exit_status ? call.exit_status : command_exit_of(&err);
}
