/* SPDX-License-Identifier: MIT */

/*
 * `carte-oci create`, `start` and `run`
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cmd_oci.h"
#include "cli/command.h"
#include "cli/oci_attend.h"
#include "cli/oci_call.h"
#include "oci/lifecycle.h"
#include "runtime/container.h"
#include "util/cleanup.h"
#include "util/error.h"

struct run_options {
    const char *bundle, *config, *console_socket, *pidfd_socket, *pid_file;
    int64_t preserve_fds;
    bool no_pivot, no_new_keyring, detach, keep, no_subreaper;
};

#define CREATE_OPTIONS                                                                         \
    {                                                                                          \
        .letter = 'b',                                                                         \
        .name = "bundle",                                                                      \
        .argument = "FOLDER",                                                                  \
        OPTION(TEXT, struct run_options, bundle),                                              \
        .fallback = ".",                                                                       \
        .doc = "The bundle: a folder with config.json and the root file system.",              \
    },                                                                                         \
        {                                                                                      \
            .letter = 'f',                                                                     \
            .name = "config",                                                                  \
            .argument = "FILE",                                                                \
            OPTION(TEXT, struct run_options, config),                                          \
            .doc = "Read this file instead of config.json of the bundle.",                     \
        },                                                                                     \
        {                                                                                      \
            .name = "console-socket",                                                          \
            .argument = "SOCKET",                                                              \
            OPTION(TEXT, struct run_options, console_socket),                                  \
            .doc = "Send the master of the process's terminal to this Unix socket.",           \
        },                                                                                     \
        {                                                                                      \
            .name = "pidfd-socket",                                                            \
            .argument = "SOCKET",                                                              \
            OPTION(TEXT, struct run_options, pidfd_socket),                                    \
            .doc = "Send a descriptor of the process to this Unix socket.",                    \
        },                                                                                     \
        {                                                                                      \
            .name = "pid-file",                                                                \
            .argument = "FILE",                                                                \
            OPTION(TEXT, struct run_options, pid_file),                                        \
            .doc = "Write the process's id to this file.",                                     \
        },                                                                                     \
        {                                                                                      \
            .name = "preserve-fds",                                                            \
            .argument = "N",                                                                   \
            OPTION(INT, struct run_options, preserve_fds),                                     \
            .fallback = "0",                                                                   \
            .max = 1024,                                                                       \
            .doc = "Give the process the descriptors 3 to 3+N-1, behind those of LISTEN_FDS.", \
        },                                                                                     \
        {                                                                                      \
            .name = "no-pivot",                                                                \
            OPTION(FLAG, struct run_options, no_pivot),                                        \
            .doc = "Refused: without pivot_root() the host's root stays in reach.",            \
        },                                                                                     \
    {                                                                                          \
        .name = "no-new-keyring", OPTION(FLAG, struct run_options, no_new_keyring),            \
        .doc = "Leave the process in the caller's session keyring.",                           \
    }

static const struct option create_options[] = { CREATE_OPTIONS, { 0 } };

static const struct option run_options[] = {
    CREATE_OPTIONS,
    {
        .letter = 'd',
        .name = "detach",
        OPTION(FLAG, struct run_options, detach),
        .doc = "Return once the program runs.",
    },
    {
        .name = "keep",
        OPTION(FLAG, struct run_options, keep),
        .doc = "Do not delete the container when its program has ended.",
    },
    {
        .name = "no-subreaper",
        OPTION(FLAG, struct run_options, no_subreaper),
        .doc = "Always so: what the container leaves is not adopted by this command.",
    },
    { 0 },
};

static int make_request(const struct command_call *call, const char *root,
                        struct lifecycle_request *out, struct error *err)
{
    const struct run_options *options = call->options;

    if (options->no_pivot)
        return error_set(err, ERROR_UNSUPPORTED,
                         "--no-pivot is not supported: put the root file system on a disk or a "
                         "tmpfs");
    *out = (struct lifecycle_request){
        .root = root,
        .id = call->operands->items[0],
        .bundle = options->bundle,
        .config_path = options->config,
        .console_socket = options->console_socket,
        .pidfd_socket = options->pidfd_socket,
        .pid_file = options->pid_file,
        .keep_keyring = options->no_new_keyring,
        .stdio = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO },
    };
    return oci_attend_fds(options->preserve_fds, &out->listen_fds, &out->preserved_fds, err);
}

static void warn_all(const struct command_call *call, const struct strings *warnings)
{
    for (size_t i = 0; i < warnings->count; i++)
        oci_call_warn(call->globals, warnings->items[i]);
}

static int create_run(struct command_call *call, struct error *err)
{
    AUTO_FREE char *root = oci_call_root(call);
    AUTO_STRINGS struct strings warnings = { 0 };
    struct container_process process = { .pidfd = -1, .terminal_fd = -1 };
    struct lifecycle_request request;
    int result = -1;

    if (make_request(call, root, &request, err) == 0)
        result = lifecycle_create(&request, &process, &warnings, err);
    warn_all(call, &warnings);
    cleanup_close(&process.pidfd);
    cleanup_close(&process.terminal_fd);
    return result;
}

const struct command cmd_oci_run_create = {
    .name = "create",
    .operands = "ID",
    .summary = "Create a container; its program waits for `start`.",
    .options = create_options,
    .options_size = sizeof(struct run_options),
    .operand_min = 1,
    .operand_max = 1,
    .run = create_run,
};

static int start_run(struct command_call *call, struct error *err)
{
    AUTO_FREE char *root = oci_call_root(call);
    AUTO_STRINGS struct strings warnings = { 0 };
    int result = lifecycle_start(root, call->operands->items[0], &warnings, err);

    warn_all(call, &warnings);
    return result;
}

const struct command cmd_oci_run_start = {
    .name = "start",
    .operands = "ID",
    .summary = "Run the program of a created container.",
    .operand_min = 1,
    .operand_max = 1,
    .run = start_run,
};

/* In the foreground this command is what the container's program is connected to. */
static int run_attended(struct command_call *call, struct lifecycle_request *request,
                        struct strings *warnings, struct error *err)
{
    const struct run_options *options = call->options;
    AUTO_OCI_ATTEND struct oci_attend attend = OCI_ATTEND_NONE;
    struct container_process process = { .pidfd = -1, .terminal_fd = -1 };
    struct error ignored = { 0 };
    bool has_started = false;
    int result = -1;

    request->keeps_terminal = !options->detach && !options->console_socket;
    if (request->keeps_terminal && oci_attend_open(&attend, request->stdio, err) < 0)
        return -1;
    if (lifecycle_create(request, &process, warnings, err) < 0)
        return oci_attend_blame(call, err);
    has_started = lifecycle_start(request->root, request->id, warnings, err) == 0;
    if (!has_started)
        oci_attend_blame(call, err);
    else if (options->detach)
        result = 0;
    else
        result = oci_attend_run(&attend, &process, &call->exit_status, err);
    cleanup_close(&process.pidfd);
    cleanup_close(&process.terminal_fd);
    if ((!has_started || (!options->detach && !options->keep)) &&
        lifecycle_delete(request->root, request->id, true, warnings, &ignored) < 0 &&
        ignored.code != ERROR_NOT_FOUND && result == 0) {
        *err = ignored;
        result = -1;
    }
    return result;
}

static int run_run(struct command_call *call, struct error *err)
{
    AUTO_FREE char *root = oci_call_root(call);
    AUTO_STRINGS struct strings warnings = { 0 };
    struct lifecycle_request request;
    int result = -1;

    if (make_request(call, root, &request, err) == 0)
        result = run_attended(call, &request, &warnings, err);
    warn_all(call, &warnings);
    return result;
}

const struct command cmd_oci_run = {
    .name = "run",
    .operands = "ID",
    .summary = "Create and start a container, and end with its program's exit status.",
    .options = run_options,
    .options_size = sizeof(struct run_options),
    .operand_min = 1,
    .operand_max = 1,
    .run = run_run,
};
