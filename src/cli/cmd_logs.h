/* SPDX-License-Identifier: MIT */

/*
 * `logs`
 */

#pragma once

struct command;

extern const struct command cmd_logs;
extern const struct command cmd_logs_container; /* of `carte`: of a container of any stack */
