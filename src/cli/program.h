/* SPDX-License-Identifier: MIT */

/*
 * The three programs as tables of commands
 *
 * Each table is in an object of its own, so that a program carries only what it can do.
 */

#pragma once

#include "cli/command.h"

extern const struct command_program program_stack;
extern const struct command_program program_carte;
extern const struct command_program program_oci;

/* Options that more than one program has. */
#define PROGRAM_HELP_OPTION                                                        \
    {                                                                              \
        .letter = 'h', .name = "help", OPTION(FLAG, struct command_globals, help), \
        .doc = "Print help, also behind a command.",                               \
    }
#define PROGRAM_VERSION_OPTION                                            \
    {                                                                     \
        .name = "version", OPTION(FLAG, struct command_globals, version), \
        .doc = "Print the version.",                                      \
    }
#define PROGRAM_PROGRESS_OPTION                                                                 \
    {                                                                                           \
        .name = "progress", .argument = "KIND", OPTION(TEXT, struct command_globals, progress), \
        .fallback = "auto", .choices = command_progress_choices,                                \
        .doc = "How progress is shown on the standard error: auto, tty, plain, quiet.",         \
    }
