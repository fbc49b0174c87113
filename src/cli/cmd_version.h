/* SPDX-License-Identifier: MIT */

/*
 * `version`, the same in all three programs
 */

#pragma once

struct command;

extern const struct command cmd_version;
