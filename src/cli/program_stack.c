/* SPDX-License-Identifier: MIT */

/*
 * carte-stack: stacks
 */

#include "cli/cmd_attach.h"
#include "cli/cmd_build.h"
#include "cli/cmd_config.h"
#include "cli/cmd_console.h"
#include "cli/cmd_down.h"
#include "cli/cmd_events.h"
#include "cli/cmd_exec.h"
#include "cli/cmd_front.h"
#include "cli/cmd_lifecycle.h"
#include "cli/cmd_logs.h"
#include "cli/cmd_ps.h"
#include "cli/cmd_pull_stack.h"
#include "cli/cmd_schema.h"
#include "cli/cmd_supervise.h"
#include "cli/cmd_up.h"
#include "cli/cmd_version.h"
#include "cli/program.h"

static const struct option stack_options[] = {
    {
        .letter = 'f',
        .name = "file",
        .argument = "FILE",
        OPTION(LIST, struct command_globals, files),
        .doc = "Stack file; may be given again, later ones are merged over earlier ones.",
    },
    {
        .letter = 'p',
        .name = "project-name",
        .argument = "NAME",
        OPTION(TEXT, struct command_globals, project_name),
        .doc = "Name of the stack, instead of the one in the file.",
    },
    {
        .name = "project-directory",
        .argument = "FOLDER",
        OPTION(TEXT, struct command_globals, project_directory),
        .doc = "Folder to look for the stack file in, instead of the working folder.",
    },
    {
        .name = "env-file",
        .argument = "FILE",
        OPTION(LIST, struct command_globals, env_files),
        .doc = "File of variables, instead of .env beside the stack file; may be given again.",
    },
    {
        .name = "profile",
        .argument = "NAME",
        OPTION(LIST, struct command_globals, profiles),
        .doc = "Take in the services of this profile; may be given again.",
    },
    {
        .name = "loose",
        OPTION(FLAG, struct command_globals, loose),
        .doc = "Warn of unknown keys in a stack file instead of refusing them.",
    },
    PROGRAM_PROGRESS_OPTION,
    PROGRAM_HELP_OPTION,
    PROGRAM_VERSION_OPTION,
    { 0 },
};

static const struct command stack_plan = {
    .name = "plan",
    .operands = "[SERVICE...]",
    .summary = "Show what `up` would change.",
    .refusal = "is not built yet; `config` shows the resolved file and `ps` what runs",
};

/* In the order of --help. */
static const struct command *const stack_commands[] = {
    &cmd_up,
    &cmd_down,
    &cmd_ps,
    &cmd_logs,
    &cmd_events,
    &cmd_exec,
    &cmd_attach,
    &cmd_lifecycle_scale,
    &cmd_lifecycle_start,
    &cmd_lifecycle_stop,
    &cmd_lifecycle_restart,
    &cmd_build,
    &cmd_pull_stack,
    &cmd_pull_stack_push,
    &cmd_config,
    &cmd_schema,
    &cmd_version,
    &stack_plan,
    &cmd_console,
    &cmd_front,
    &cmd_supervise,
    NULL,
};

const struct command_program program_stack = {
    .name = "carte-stack",
    .summary = "Bring a stack of services, described by one file, up on this machine.",
    .globals = stack_options,
    .commands = stack_commands,
};
