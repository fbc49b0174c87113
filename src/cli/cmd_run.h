/* SPDX-License-Identifier: MIT */

/*
 * `run` and `create` of single containers
 */

#pragma once

struct command;

extern const struct command cmd_run, cmd_run_create;
