/* SPDX-License-Identifier: MIT */

/*
 * `logs`
 */

#pragma once

struct command;

extern const struct command cmd_logs;
