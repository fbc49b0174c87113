/* SPDX-License-Identifier: MIT */

/*
 * `exec`: a command in a running replica
 *
 * The process is a child of this command, not of the supervisor: its pipes or its terminal are
 * relayed to the user's own descriptors, and its exit status becomes ours.
 */

#include "cli/cmd_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/container_find.h"
#include "cli/exec_request.h"
#include "cli/project.h"
#include "cli/relay.h"
#include "cli/remote.h"
#include "cli/terminal.h"
#include "util/error.h"

#define COMMON_OPTIONS                                                                             \
    {                                                                                              \
        .letter = 'd',                                                                             \
        .name = "detach",                                                                          \
        OPTION(FLAG, struct exec_request_options, detach),                                         \
        .doc = "Return once the command has started.",                                             \
    },                                                                                             \
        {                                                                                          \
            .letter = 'e',                                                                         \
            .name = "env",                                                                         \
            .argument = "KEY=VALUE",                                                               \
            OPTION(LIST, struct exec_request_options, env),                                        \
            .doc = "Set a variable; KEY alone takes it from the environment; may be given again.", \
        },                                                                                         \
        {                                                                                          \
            .letter = 'u',                                                                         \
            .name = "user",                                                                        \
            .argument = "USER",                                                                    \
            OPTION(TEXT, struct exec_request_options, user),                                       \
            .doc = "User, and group behind a colon, as names or numbers.",                         \
        },                                                                                         \
        {                                                                                          \
            .letter = 'w',                                                                         \
            .name = "workdir",                                                                     \
            .argument = "FOLDER",                                                                  \
            OPTION(TEXT, struct exec_request_options, workdir),                                    \
            .doc = "Folder in the container to run the command in.",                               \
        },                                                                                         \
    {                                                                                              \
        .name = "privileged", OPTION(FLAG, struct exec_request_options, privileged),               \
        .doc = "Give the command all capabilities.",                                               \
    }

static const struct option exec_options[] = {
    COMMON_OPTIONS,
    {
        .letter = 'T',
        .name = "no-tty",
        OPTION(FLAG, struct exec_request_options, no_terminal),
        .doc = "No terminal, even where standard input and output are one.",
    },
    {
        .name = "index",
        .argument = "N",
        OPTION(INT, struct exec_request_options, index),
        .min = 1,
        .max = INT32_MAX,
        .doc = "The replica's number; without it, the first that runs.",
    },
    {
        .letter = 'i',
        .name = "interactive",
        OPTION(FLAG, struct exec_request_options, interactive),
        .hidden = true,
        .doc = "Always so: the standard input is passed on.",
    },
    {
        .letter = 't',
        .name = "tty",
        OPTION(FLAG, struct exec_request_options, terminal),
        .hidden = true,
        .doc = "Always so, where standard input and output are a terminal.",
    },
    { 0 },
};

static const struct option container_options[] = {
    COMMON_OPTIONS,
    {
        .letter = 'i',
        .name = "interactive",
        OPTION(FLAG, struct exec_request_options, interactive),
        .doc = "Pass the standard input on.",
    },
    {
        .letter = 't',
        .name = "tty",
        OPTION(FLAG, struct exec_request_options, terminal),
        .doc = "Give the command a terminal.",
    },
    { 0 },
};

static int reap(int pidfd, int *status_out, struct error *err)
{
    siginfo_t info = { 0 };

    while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0) {
        if (errno != EINTR)
            return error_set_errno(err, errno, "wait for the command");
    }
    *status_out = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    return 0;
}

/* `input` is what the command reads. */
static int run_process(struct command_call *call, struct container_exec_spec *spec, int input,
                       struct error *err)
{
    const int user[RELAY_COUNT] = { input, STDOUT_FILENO, STDERR_FILENO };
    const struct exec_request_options *options = call->options;
    AUTO_RELAY_PIPES struct relay_pipes pipes = RELAY_PIPES_NONE;
    struct container_process process = { .pidfd = -1, .terminal_fd = -1 };
    AUTO_CLOSE int pidfd = -1;
    AUTO_CLOSE int terminal_fd = -1;
    int result = 0;

    if (!options->detach && !spec->program.terminal && relay_open(&pipes, err) < 0)
        return -1;
    spec->program.stdin_fd = pipes.given[RELAY_STDIN];
    spec->program.stdout_fd = pipes.given[RELAY_STDOUT];
    spec->program.stderr_fd = pipes.given[RELAY_STDERR];
    if (container_exec(spec, &process, err) < 0) {
        call->exit_status = exec_request_status(err);
        return -1;
    }
    pidfd = process.pidfd;
    terminal_fd = process.terminal_fd;
    if (options->detach)
        return 0;
    if (spec->program.terminal)
        result = terminal_relay(terminal_fd, pidfd, err);
    else
        result = relay_run(&pipes, user, pidfd, err);
    if (result < 0)
        return -1;
    return reap(pidfd, &call->exit_status, err);
}

/* Run the words after the first in `replica`. */
static int exec_in(struct command_call *call, const struct json *replica, bool has_terminal,
                   int input, struct error *err)
{
    AUTO_STRINGS struct strings args = { 0 };
    struct container_exec_spec spec;
    int result;

    for (size_t i = 1; i < call->operands->count; i++)
        strings_add(&args, call->operands->items[i]);
    exec_request_make(replica, call->options, &args, &spec);
    spec.program.terminal = has_terminal;
    if (spec.program.terminal && !strings_find_env(&spec.program.env, "TERM"))
        strings_set_env(&spec.program.env, "TERM", "xterm");
    result = run_process(call, &spec, input, err);
    exec_request_done(&spec);
    return result;
}

static int exec_run(struct command_call *call, struct error *err)
{
    const struct exec_request_options *options = call->options;
    const char *service = call->operands->items[0];
    AUTO_FREE char *project = NULL;
    AUTO(json) struct json *stack = NULL;
    AUTO_STRINGS struct strings names = { 0 };
    const struct json *replica = NULL;

    strings_add(&names, service);
    if (project_find_name(call, &project, err) < 0 || remote_get_stack(project, &stack, err) < 0 ||
        remote_check_services(stack, &names, err) < 0 ||
        exec_request_find(stack, service, options->index, &replica, err) < 0)
        return -1;
    return exec_in(call, replica,
                   !options->detach && !options->no_terminal && terminal_is_interactive(),
                   STDIN_FILENO, err);
}

static int exec_container_run(struct command_call *call, struct error *err)
{
    const struct exec_request_options *options = call->options;
    AUTO_CONTAINER_FIND struct container_find found = { 0 };
    AUTO_CLOSE int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (container_find_running(call->operands->items[0], &found, err) < 0)
        return -1;
    if (json_find_bool(found.replica, "paused", false))
        return error_set(err, ERROR_EXISTS, "container '%s' is paused: carte unpause %s first",
                         json_find_text(found.replica, "name", ""), call->operands->items[0]);
    if (options->terminal && !options->detach && !terminal_is_interactive())
        return error_set(err, ERROR_INVALID,
                         "option '--tty': standard input and output are no terminal");
    return exec_in(call, found.replica, options->terminal && !options->detach,
                   options->interactive ? STDIN_FILENO : nothing, err);
}

const struct command cmd_exec = {
    .name = "exec",
    .operands = "SERVICE COMMAND [ARGUMENT...]",
    .summary = "Run a command in a replica that runs, and end with its exit status.",
    .details = "The command gets a terminal when standard input and output are one.",
    .options = exec_options,
    .options_size = sizeof(struct exec_request_options),
    .operand_min = 2,
    .operand_max = COMMAND_MANY,
    .stop_at_operand = true,
    .run = exec_run,
};

const struct command cmd_exec_container = {
    .name = "exec",
    .operands = "CONTAINER COMMAND [ARGUMENT...]",
    .summary = "Run a command in a container that runs, and end with its exit status.",
    .options = container_options,
    .options_size = sizeof(struct exec_request_options),
    .operand_min = 2,
    .operand_max = COMMAND_MANY,
    .stop_at_operand = true,
    .run = exec_container_run,
};
