/* SPDX-License-Identifier: MIT */

/*
 * `start`, `stop`, `restart` and `scale`: changes of what runs
 */

#pragma once

struct command;

extern const struct command cmd_lifecycle_start;
extern const struct command cmd_lifecycle_stop;
extern const struct command cmd_lifecycle_restart;
extern const struct command cmd_lifecycle_scale;
