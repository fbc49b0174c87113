/* SPDX-License-Identifier: MIT */

/*
 * carte: images and single containers
 */

#include "cli/cmd_attach.h"
#include "cli/cmd_bootstrap.h"
#include "cli/cmd_build.h"
#include "cli/cmd_commit.h"
#include "cli/cmd_console.h"
#include "cli/cmd_container.h"
#include "cli/cmd_copy.h"
#include "cli/cmd_edit.h"
#include "cli/cmd_exec.h"
#include "cli/cmd_front.h"
#include "cli/cmd_fsck.h"
#include "cli/cmd_image.h"
#include "cli/cmd_image_list.h"
#include "cli/cmd_import.h"
#include "cli/cmd_login.h"
#include "cli/cmd_logs.h"
#include "cli/cmd_network.h"
#include "cli/cmd_prune.h"
#include "cli/cmd_ps.h"
#include "cli/cmd_pull.h"
#include "cli/cmd_run.h"
#include "cli/cmd_save.h"
#include "cli/cmd_single.h"
#include "cli/cmd_supervise.h"
#include "cli/cmd_version.h"
#include "cli/program.h"

static const struct option carte_options[] = {
    PROGRAM_PROGRESS_OPTION,
    PROGRAM_HELP_OPTION,
    PROGRAM_VERSION_OPTION,
    { 0 },
};

static const struct command *const carte_commands[] = {
    /* Making images. */
    &cmd_build_image,
    &cmd_bootstrap,
    /* Looking at them, naming and removing. */
    &cmd_image_list,
    &cmd_image_inspect,
    &cmd_image_history,
    &cmd_image_tag,
    &cmd_image_remove,
    &cmd_prune,
    &cmd_prune_df,
    &cmd_fsck,
    /* In and out. */
    &cmd_save,
    &cmd_save_load,
    &cmd_import,
    &cmd_import_export,
    &cmd_pull_image,
    &cmd_pull_push,
    &cmd_login,
    &cmd_login_out,
    /* Containers. */
    &cmd_ps_all,
    &cmd_run,
    &cmd_run_create,
    &cmd_single_start,
    &cmd_single_stop,
    &cmd_single_restart,
    &cmd_single_kill,
    &cmd_single_wait,
    &cmd_single_remove,
    &cmd_exec_container,
    &cmd_attach_container,
    &cmd_logs_container,
    &cmd_edit_update,
    &cmd_edit_rename,
    &cmd_single_pause,
    &cmd_single_unpause,
    &cmd_copy,
    &cmd_commit,
    &cmd_commit_diff,
    &cmd_container_port,
    &cmd_container_top,
    &cmd_container_stats,
    /* What they are on. */
    &cmd_network_create,
    &cmd_network_list,
    &cmd_network_inspect,
    &cmd_network_remove,
    &cmd_network_prune,
    &cmd_network_connect,
    &cmd_network_disconnect,
    /* The rest. */
    &cmd_version,
    /* Of a running stack, not for people. */
    &cmd_console,
    &cmd_front,
    &cmd_supervise,
    NULL,
};

const struct command_program program_carte = {
    .name = "carte",
    .summary = "Build and look at images, and see what runs.",
    .globals = carte_options,
    .commands = carte_commands,
};
