/* SPDX-License-Identifier: MIT */

/*
 * `carte diff` and `carte commit`: what a container has changed
 */

#pragma once

struct command;

extern const struct command cmd_commit;
extern const struct command cmd_commit_diff;
