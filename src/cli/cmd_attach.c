/* SPDX-License-Identifier: MIT */

/*
 * `attach`: input and output of a replica that runs
 */

#include "cli/cmd_attach.h"

#include <stddef.h>
#include <sys/pidfd.h>

#include "cli/command.h"
#include "cli/console_client.h"
#include "cli/container_find.h"
#include "cli/detach_keys.h"
#include "cli/exec_request.h"
#include "cli/project.h"
#include "cli/remote.h"
#include "cli/replica_wait.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/place.h"

struct attach_options {
    const char *detach_keys;
    bool no_stdin, no_proxy;
    int64_t index;
};

#define COMMON_OPTIONS                                                         \
    {                                                                          \
        .name = "detach-keys",                                                 \
        .argument = "KEYS",                                                    \
        OPTION(TEXT, struct attach_options, detach_keys),                      \
        .doc = "Keys that leave the container to itself: ctrl-p,ctrl-q.",      \
    },                                                                         \
        {                                                                      \
            .name = "no-stdin",                                                \
            OPTION(FLAG, struct attach_options, no_stdin),                     \
            .doc = "Pass no input on.",                                        \
        },                                                                     \
    {                                                                          \
        .name = "no-sig-proxy", OPTION(FLAG, struct attach_options, no_proxy), \
        .doc = "Pass no signals on: Ctrl-C ends this command alone.",          \
    }

static const struct option attach_options[] = {
    COMMON_OPTIONS,
    {
        .name = "index",
        .argument = "N",
        OPTION(INT, struct attach_options, index),
        .min = 1,
        .max = INT32_MAX,
        .doc = "The replica's number; without it, the first that runs.",
    },
    { 0 },
};

static const struct option container_options[] = { COMMON_OPTIONS, { 0 } };

static void pass_signal(void *context, int number)
{
    const int *pidfd = context;

    pidfd_send_signal(*pidfd, number, NULL, 0);
}

static int connect_to(const char *project, const struct json *replica,
                      struct console_client *client, struct error *err)
{
    AUTO_FREE char *path =
        place_in_run("stacks/%s/consoles/%s.sock", project, json_find_text(replica, "id", ""));

    if (console_client_connect(client, path, err) == 0)
        return 0;
    if (err->code != ERROR_NOT_FOUND)
        return -1;
    error_clear(err);
    return error_set(err, ERROR_NOT_FOUND,
                     "'%s' has no console: give its service 'stdin_open: true' or 'tty: true', or "
                     "see what it writes with carte-stack logs -f",
                     json_find_text(replica, "name", ""));
}

static int attach_to(struct command_call *call, const char *project, const struct json *replica,
                     struct error *err)
{
    const struct attach_options *options = call->options;
    AUTO_CLOSE int pidfd = -1;
    struct detach_keys detach;
    enum console_client_end end;
    struct console_client client = {
        .fd = -1,
        .has_terminal = json_find_bool(replica, "tty", false),
        .has_input = !options->no_stdin && json_find_bool(replica, "stdin_open", false),
        .detach = &detach,
        .pass_signal = options->no_proxy ? NULL : pass_signal,
        .context = &pidfd,
    };

    if (detach_keys_parse(options->detach_keys ? options->detach_keys : DETACH_KEYS_DEFAULT,
                          &detach, err) < 0) {
        call->exit_status = COMMAND_EXIT_USAGE;
        return -1;
    }
    if (container_find_open_process(replica, &pidfd, err) < 0 ||
        connect_to(project, replica, &client, err) < 0 ||
        console_client_run(&client, &end, err) < 0)
        return -1;
    return end == CONSOLE_CLIENT_DETACHED
               ? 0
               : replica_wait_exit(project, replica, &call->exit_status, err);
}

static int attach_run_command(struct command_call *call, struct error *err)
{
    const struct attach_options *options = call->options;
    AUTO_FREE char *project = NULL;
    AUTO(json) struct json *stack = NULL;
    const struct json *replica = NULL;

    if (project_find_name(call, &project, err) < 0 || remote_get_stack(project, &stack, err) < 0 ||
        remote_check_services(stack, call->operands, err) < 0 ||
        exec_request_find(stack, call->operands->items[0], options->index, &replica, err) < 0)
        return -1;
    return attach_to(call, project, replica, err);
}

static int attach_container_run(struct command_call *call, struct error *err)
{
    AUTO_CONTAINER_FIND struct container_find found = { 0 };

    if (container_find(call->operands->items[0], &found, err) < 0)
        return -1;
    return attach_to(call, found.project, found.replica, err);
}

const struct command cmd_attach = {
    .name = "attach",
    .operands = "SERVICE",
    .summary = "Connect to the input and output of a replica that has a console.",
    .details = "A replica has one when its service has 'stdin_open' or 'tty'. The exit status is "
               "that of the replica; signals are passed on to it.",
    .options = attach_options,
    .options_size = sizeof(struct attach_options),
    .operand_min = 1,
    .operand_max = 1,
    .run = attach_run_command,
};

const struct command cmd_attach_container = {
    .name = "attach",
    .operands = "CONTAINER",
    .summary = "Connect to the input and output of a container that has a console.",
    .details = "A container has one when it was run with -i or -t, or in the foreground.",
    .options = container_options,
    .options_size = sizeof(struct attach_options),
    .operand_min = 1,
    .operand_max = 1,
    .run = attach_container_run,
};
