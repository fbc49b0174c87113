/* SPDX-License-Identifier: MIT */

/*
 * `carte save` and `carte load`: images to and from files
 */

#pragma once

struct command;

extern const struct command cmd_save;
extern const struct command cmd_save_load;
