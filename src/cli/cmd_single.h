/* SPDX-License-Identifier: MIT */

/*
 * What is done with single containers by name: start, stop, restart, kill, wait, rm, pause, unpause
 */

#pragma once

struct command;

extern const struct command cmd_single_start, cmd_single_stop, cmd_single_restart, cmd_single_kill,
    cmd_single_wait, cmd_single_remove, cmd_single_pause, cmd_single_unpause;
