/* SPDX-License-Identifier: MIT */

/*
 * `supervise`: the supervisor's own process, started by the keeper
 */

#pragma once

struct command;

extern const struct command cmd_supervise;
