/* SPDX-License-Identifier: MIT */

/*
 * `console`: the process between a container's terminal or pipes and whoever is attached
 */

#pragma once

struct command;

extern const struct command cmd_console;
