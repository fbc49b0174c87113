/* SPDX-License-Identifier: MIT */

/*
 * `carte prune` and `carte df`: what takes room on disk
 */

#pragma once

struct command;

extern const struct command cmd_prune;
extern const struct command cmd_prune_df;
