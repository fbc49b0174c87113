/* SPDX-License-Identifier: MIT */

/*
 * `exec`
 */

#pragma once

struct command;

extern const struct command cmd_exec;
extern const struct command cmd_exec_container; /* of `carte`: in a container of any stack */
