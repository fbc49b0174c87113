/* SPDX-License-Identifier: MIT */

/*
 * `up`
 */

#pragma once

struct command;

extern const struct command cmd_up;
