/* SPDX-License-Identifier: MIT */

/*
 * carte-oci: the OCI runtime command line
 */

#include "cli/cmd_version.h"
#include "cli/program.h"

static const struct option oci_options[] = {
    PROGRAM_HELP_OPTION,
    PROGRAM_VERSION_OPTION,
    { 0 },
};

/* Known commands of an OCI runtime, refused by name instead of as unknown words. */
#define NOT_BUILT(name_, operands_, summary_)                                        \
    {                                                                                \
        .name = (name_), .operands = (operands_), .summary = (summary_),             \
        .refusal = "is not built yet: carte-oci cannot serve as an OCI runtime yet", \
    }
static const struct command oci_create = NOT_BUILT("create", "ID", "Create a container.");
static const struct command oci_start = NOT_BUILT("start", "ID", "Start a created container.");
static const struct command oci_state = NOT_BUILT("state", "ID", "Print the state of a container.");
static const struct command oci_kill = NOT_BUILT("kill", "ID [SIGNAL]", "Send it a signal.");
static const struct command oci_delete = NOT_BUILT("delete", "ID", "Remove a stopped container.");
static const struct command oci_run = NOT_BUILT("run", "ID", "Create and start a container.");
static const struct command oci_exec = NOT_BUILT("exec", "ID COMMAND...", "Run a process in it.");
static const struct command oci_list = NOT_BUILT("list", NULL, "List the containers.");
static const struct command oci_ps = NOT_BUILT("ps", "ID", "List its processes.");
static const struct command oci_pause = NOT_BUILT("pause", "ID", "Freeze it.");
static const struct command oci_resume = NOT_BUILT("resume", "ID", "Thaw it.");
static const struct command oci_update = NOT_BUILT("update", "ID", "Change its limits.");
static const struct command oci_events = NOT_BUILT("events", "ID", "Print its events.");
static const struct command oci_spec = NOT_BUILT("spec", NULL, "Write an example config.json.");
static const struct command oci_features = NOT_BUILT("features", NULL, "Print the features.");
static const struct command oci_checkpoint = NOT_BUILT("checkpoint", "ID", "Checkpoint it.");
static const struct command oci_restore = NOT_BUILT("restore", "ID", "Restore a checkpoint.");

static const struct command *const oci_commands[] = {
    &oci_create, &oci_start,      &oci_state,   &oci_kill,  &oci_delete,   &oci_run,
    &oci_exec,   &oci_list,       &oci_ps,      &oci_pause, &oci_resume,   &oci_update,
    &oci_events, &oci_checkpoint, &oci_restore, &oci_spec,  &oci_features, &cmd_version,
    NULL,
};

const struct command_program program_oci = {
    .name = "carte-oci",
    .summary = "The OCI runtime of carte. Its commands are not built yet; they end with 69.",
    .globals = oci_options,
    .commands = oci_commands,
};
