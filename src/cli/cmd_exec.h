/* SPDX-License-Identifier: MIT */

/*
 * `exec`
 */

#pragma once

struct command;

extern const struct command cmd_exec;
