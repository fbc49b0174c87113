/* SPDX-License-Identifier: MIT */

/*
 * Altering single containers: update, rename
 */

#pragma once

struct command;

extern const struct command cmd_edit_update, cmd_edit_rename;
