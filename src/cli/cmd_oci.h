/* SPDX-License-Identifier: MIT */

/*
 * The commands of carte-oci, the OCI runtime
 */

#pragma once

struct command;

extern const struct command cmd_oci_run_create, cmd_oci_run_start, cmd_oci_run;
extern const struct command cmd_oci_exec;
extern const struct command cmd_oci_kill, cmd_oci_kill_delete, cmd_oci_kill_pause,
    cmd_oci_kill_resume;
extern const struct command cmd_oci_state, cmd_oci_state_list, cmd_oci_state_ps;
extern const struct command cmd_oci_update;
extern const struct command cmd_oci_events;
extern const struct command cmd_oci_info_features, cmd_oci_info_spec, cmd_oci_info_version;
