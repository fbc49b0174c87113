/* SPDX-License-Identifier: MIT */

/*
 * `down`
 */

#pragma once

struct command;

extern const struct command cmd_down;
