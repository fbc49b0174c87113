/* SPDX-License-Identifier: MIT */

/*
 * carte-oci: the OCI runtime command line, as podman, docker and containerd call it
 */

#include "cli/cmd_oci.h"
#include "cli/oci_call.h"
#include "cli/program.h"

static const char *const log_formats[] = { "text", "json", NULL };
static const char *const cgroup_managers[] = { "cgroupfs", "systemd", "disabled", NULL };
static const char *const rootless_choices[] = { "true", "false", "auto", NULL };

static const struct option oci_options[] = {
    {
        .name = "root",
        .argument = "FOLDER",
        OPTION(TEXT, struct command_globals, root),
        .doc = "Where containers are recorded, instead of $CARTE_RUN/oci.",
    },
    {
        .name = "log",
        .argument = "FILE",
        OPTION(TEXT, struct command_globals, log),
        .doc = "Append errors and warnings to this file, too.",
    },
    {
        .name = "log-format",
        .argument = "FORMAT",
        OPTION(TEXT, struct command_globals, log_format),
        .fallback = "text",
        .choices = log_formats,
        .doc = "How they are written there: text or json.",
    },
    {
        .name = "debug",
        OPTION(FLAG, struct command_globals, debug),
        .doc = "Accepted; there is nothing more to tell.",
    },
    {
        .name = "cgroup-manager",
        .argument = "NAME",
        OPTION(TEXT, struct command_globals, cgroup_manager),
        .fallback = "cgroupfs",
        .choices = cgroup_managers,
        .doc = "Only cgroupfs; systemd and disabled are refused.",
    },
    {
        .name = "systemd-cgroup",
        OPTION(FLAG, struct command_globals, systemd_cgroup),
        .doc = "Refused: the engine has to use its cgroup manager cgroupfs.",
    },
    {
        .name = "rootless",
        .argument = "CHOICE",
        OPTION(TEXT, struct command_globals, rootless),
        .fallback = "auto",
        .choices = rootless_choices,
        .doc = "Accepted; it needs root.",
    },
    PROGRAM_HELP_OPTION,
    PROGRAM_VERSION_OPTION,
    { 0 },
};

#define NOT_SUPPORTED(name_, summary_)                                \
    {                                                                 \
        .name = (name_), .operands = "ID", .summary = (summary_),     \
        .refusal = "is not supported: containers cannot be restored", \
    }
static const struct command checkpoint = NOT_SUPPORTED("checkpoint", "Write its state to disk.");
static const struct command restore = NOT_SUPPORTED("restore", "Bring it back from disk.");

static const struct command *const oci_commands[] = {
    &cmd_oci_run_create,
    &cmd_oci_run_start,
    &cmd_oci_run,
    &cmd_oci_state,
    &cmd_oci_state_list,
    &cmd_oci_state_ps,
    &cmd_oci_exec,
    &cmd_oci_kill,
    &cmd_oci_kill_pause,
    &cmd_oci_kill_resume,
    &cmd_oci_update,
    &cmd_oci_events,
    &cmd_oci_kill_delete,
    &cmd_oci_info_features,
    &cmd_oci_info_spec,
    &cmd_oci_info_version,
    &checkpoint,
    &restore,
    NULL,
};

const struct command_program program_oci = {
    .name = "carte-oci",
    .summary = "Run containers from OCI bundles, for podman, docker, containerd or by hand.",
    .globals = oci_options,
    .commands = oci_commands,
    .prepare = oci_call_prepare,
    .report = oci_call_report,
};
