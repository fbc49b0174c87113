/* SPDX-License-Identifier: MIT */

/*
 * Commands of the three programs
 *
 * A program is a table of commands, a command a row: its options are rows too (option.h), its
 * function gets them parsed. Dispatch, --help, usage errors, exit statuses, completion and man
 * pages come from the tables.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/option.h"
#include "util/macro.h"
#include "util/strings.h"
#include "util/text.h"

struct error;

/* Exit statuses; docs/reference/exit-codes.md is made from the table in command.c. */
enum command_exit {
    COMMAND_EXIT_OK = 0,
    COMMAND_EXIT_ERROR = 1,
    COMMAND_EXIT_USAGE = 64,
    COMMAND_EXIT_INVALID = 65,
    COMMAND_EXIT_UNSUPPORTED = 69,
    COMMAND_EXIT_ENGINE = 125,
    COMMAND_EXIT_CANNOT_EXECUTE = 126,
    COMMAND_EXIT_NOT_FOUND = 127,
    COMMAND_EXIT_INTERRUPTED = 130,
};

struct command_exit_row {
    int status;
    const char *meaning; /* one sentence */
};
extern const struct command_exit_row command_exit_table[]; /* ended by a NULL meaning */

/* The options that every command takes; each program shows those that it has rows for. */
struct command_globals {
    struct strings files, env_files, profiles;
    const char *project_name, *project_directory;
    const char *progress;
    bool loose;
    bool help, version;

    /* Of carte-oci. */
    const char *root, *log, *log_format, *cgroup_manager, *rootless;
    bool debug, systemd_cgroup;
};

struct command_program;

/* One call of a command. */
struct command_call {
    const struct command_program *program;
    const struct command *command;
    const struct command_globals *globals;
    const void *options; /* of the command's own type */
    const struct strings *operands;
    int exit_status; /* when not 0: the status to end with, also in place of that of an error */
};

struct command {
    const char *name;     /* of one word, or of two: "network create" */
    const char *operands; /* "[SERVICE...]"; NULL: none */
    const char *summary;  /* one sentence */
    const char *details;  /* more sentences, or NULL */
    const struct option *options;
    const struct option_refused *refused_options; /* known, and not built; or NULL */
    size_t options_size;                          /* of the struct that they fill */
    size_t operand_min, operand_max;
    bool stop_at_operand; /* what follows the first operand belongs to it */
    int usage_status;     /* of a wrong command line; 0: COMMAND_EXIT_USAGE */
    bool hidden;
    const char *refusal; /* why there is no `run`: "is not built yet" */
    int (*run)(struct command_call *call, struct error *err);
};

#define COMMAND_MANY ((size_t)-1)

struct command_program {
    const char *name;
    const char *summary;
    const struct option *globals; /* fill a struct command_globals */
    const struct command *const *commands;
    /* Before a command runs: are the globals right? NULL: they are. */
    int (*prepare)(const struct command_globals *globals, struct error *err);
    /* Tell of a failure, besides what is printed; NULL: nothing else. */
    void (*report)(const struct command_globals *globals, const struct error *err);
};

extern const char *const command_progress_choices[];

/* Parse, run, print the error; returns the exit status of the process. */
int command_main(const struct command_program *program, int argc, char **argv);

/* The command `name`, or NULL. */
const struct command *command_find(const struct command_program *program, const char *name);

/* An error of the command line that only the command itself could see. Returns -1. */
int command_refuse(struct command_call *call, struct error *err, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The exit status that tells of `err`. */
int command_exit_of(const struct error *err);

void command_format_help(const struct command_program *program, struct text *out);
void command_format_usage(const struct command_program *program, const struct command *command,
                          struct text *out);
