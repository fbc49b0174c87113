/* SPDX-License-Identifier: MIT */

/*
 * `ps`: of one stack, and in `carte` of all
 */

#pragma once

struct command;

extern const struct command cmd_ps;
extern const struct command cmd_ps_all;
