/* SPDX-License-Identifier: MIT */

/*
 * `carte-oci exec`: a further process in a container
 */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd_oci.h"
#include "cli/command.h"
#include "cli/oci_attend.h"
#include "cli/oci_call.h"
#include "oci/config.h"
#include "oci/enter.h"
#include "runtime/container.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/parse.h"

struct exec_options {
    const char *process, *console_socket, *pidfd_socket, *pid_file, *cwd, *user, *cgroup;
    struct strings env, capabilities, groups;
    int64_t preserve_fds;
    bool detach, terminal, no_new_privileges, ignore_paused;
};

static const struct option exec_options[] = {
    {
        .letter = 'p',
        .name = "process",
        .argument = "FILE",
        OPTION(TEXT, struct exec_options, process),
        .doc = "The process as JSON, instead of COMMAND and the options that describe it.",
    },
    {
        .name = "console-socket",
        .argument = "SOCKET",
        OPTION(TEXT, struct exec_options, console_socket),
        .doc = "Send the master of the process's terminal to this Unix socket.",
    },
    {
        .name = "pidfd-socket",
        .argument = "SOCKET",
        OPTION(TEXT, struct exec_options, pidfd_socket),
        .doc = "Send a descriptor of the process to this Unix socket.",
    },
    {
        .name = "pid-file",
        .argument = "FILE",
        OPTION(TEXT, struct exec_options, pid_file),
        .doc = "Write the process's id to this file.",
    },
    {
        .letter = 'd',
        .name = "detach",
        OPTION(FLAG, struct exec_options, detach),
        .doc = "Return once the process runs.",
    },
    {
        .letter = 't',
        .name = "tty",
        OPTION(FLAG, struct exec_options, terminal),
        .doc = "Give it a terminal.",
    },
    {
        .letter = 'e',
        .name = "env",
        .argument = "KEY=VALUE",
        OPTION(LIST, struct exec_options, env),
        .doc = "Set a variable; may be given again.",
    },
    {
        .name = "cwd",
        .argument = "FOLDER",
        OPTION(TEXT, struct exec_options, cwd),
        .doc = "Folder in the container to run in.",
    },
    {
        .letter = 'u',
        .name = "user",
        .argument = "UID[:GID]",
        OPTION(TEXT, struct exec_options, user),
        .doc = "User and group, as numbers.",
    },
    {
        .letter = 'g',
        .name = "additional-gids",
        .argument = "GID",
        OPTION(LIST, struct exec_options, groups),
        .doc = "A further group; may be given again.",
    },
    {
        .letter = 'c',
        .name = "cap",
        .argument = "CAPABILITY",
        OPTION(LIST, struct exec_options, capabilities),
        .doc = "Add a capability to those of the container's process; may be given again.",
    },
    {
        .name = "no-new-privs",
        OPTION(FLAG, struct exec_options, no_new_privileges),
        .doc = "Nothing that it executes gains privileges.",
    },
    {
        .name = "cgroup",
        .argument = "PATH",
        OPTION(TEXT, struct exec_options, cgroup),
        .doc = "Run in this cgroup below the container's.",
    },
    {
        .name = "preserve-fds",
        .argument = "N",
        OPTION(INT, struct exec_options, preserve_fds),
        .fallback = "0",
        .max = 1024,
        .doc = "Give the process the descriptors 3 to 3+N-1, behind those of LISTEN_FDS.",
    },
    {
        .name = "ignore-paused",
        OPTION(FLAG, struct exec_options, ignore_paused),
        .doc = "Also in a paused container, where the process runs once that is resumed.",
    },
    { 0 },
};

static int parse_ids(const struct exec_options *options, struct enter_changes *out,
                     struct error *err)
{
    const char *colon = options->user ? strchr(options->user, ':') : NULL;
    AUTO_FREE char *uid = colon ? alloc_text_part(options->user, (size_t)(colon - options->user))
                                : alloc_text(options->user);

    if (uid && parse_int(uid, 0, UINT32_MAX - 1, &out->uid, err) < 0)
        return error_wrap(err, "--user");
    if (colon && parse_int(colon + 1, 0, UINT32_MAX - 1, &out->gid, err) < 0)
        return error_wrap(err, "--user");
    for (size_t i = 0; i < options->groups.count; i++) {
        int64_t group = 0;

        if (parse_int(options->groups.items[i], 0, UINT32_MAX - 1, &group, err) < 0)
            return error_wrap(err, "--additional-gids");
        *ALLOC_APPEND(out->groups, out->group_count) = (uint32_t)group;
    }
    return 0;
}

/* The process from a file, or from the words of the command line. */
static int read_changes(const struct command_call *call, struct enter_changes *out,
                        struct text *process, struct error *err)
{
    const struct exec_options *options = call->options;
    unsigned listening = 0;

    if (options->process && call->operands->count > 1)
        return error_set(err, ERROR_INVALID, "--process and a command exclude each other");
    if (!options->process && call->operands->count < 2)
        return error_set(err, ERROR_INVALID, "a command is needed, or --process FILE");
    if (options->process) {
        if (file_read(AT_FDCWD, options->process, CONFIG_SIZE_MAX, process, err) < 0)
            return -1;
        out->process = text_get(process);
        out->process_length = process->length;
    }
    out->args = (struct strings){ call->operands->items + 1, call->operands->count - 1 };
    out->env = options->env;
    out->capabilities = options->capabilities;
    out->cwd = options->cwd;
    out->cgroup = options->cgroup;
    out->terminal = options->terminal;
    out->no_new_privileges = options->no_new_privileges;
    out->ignore_paused = options->ignore_paused;
    out->console_socket = options->console_socket;
    out->pidfd_socket = options->pidfd_socket;
    out->pid_file = options->pid_file;
    out->keeps_terminal = !options->detach && !options->console_socket;
    if (oci_attend_fds(options->preserve_fds, &listening, &out->preserved_fds, err) < 0)
        return -1;
    return parse_ids(options, out, err);
}

static int exec_attended(struct command_call *call, struct enter_changes *changes,
                         struct error *err)
{
    const struct exec_options *options = call->options;
    AUTO_OCI_ATTEND struct oci_attend attend = OCI_ATTEND_NONE;
    AUTO_FOLDER struct folder folder = FOLDER_NONE;
    AUTO_RECORD struct record record = { 0 };
    AUTO_STRINGS struct strings warnings = { 0 };
    struct container_process process = { .pidfd = -1, .terminal_fd = -1 };
    int result;

    if (oci_call_open(call, false, &folder, &record, err) < 0 ||
        (changes->keeps_terminal && oci_attend_open(&attend, changes->stdio, err) < 0))
        return -1;
    result = enter_container(&folder, &record, changes, &process, &warnings, err);
    for (size_t i = 0; i < warnings.count; i++)
        oci_call_warn(call->globals, warnings.items[i]);
    if (result < 0)
        return oci_attend_blame(call, err);
    if (!options->detach)
        result = oci_attend_run(&attend, &process, &call->exit_status, err);
    cleanup_close(&process.pidfd);
    cleanup_close(&process.terminal_fd);
    return result;
}

static int exec_run(struct command_call *call, struct error *err)
{
    struct enter_changes changes = {
        .uid = -1,
        .gid = -1,
        .stdio = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO },
    };
    AUTO_TEXT struct text process = { 0 };
    int result = read_changes(call, &changes, &process, err);

    if (result == 0)
        result = exec_attended(call, &changes, err);
    free(changes.groups);
    return result;
}

const struct command cmd_oci_exec = {
    .name = "exec",
    .operands = "ID [COMMAND [ARGUMENT...]]",
    .summary = "Run a process in a container that runs, and end with its exit status.",
    .details = "What is not said is as for the container's own process.",
    .options = exec_options,
    .options_size = sizeof(struct exec_options),
    .operand_min = 1,
    .operand_max = COMMAND_MANY,
    .stop_at_operand = true,
    .run = exec_run,
};
