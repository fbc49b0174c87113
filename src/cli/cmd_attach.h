/* SPDX-License-Identifier: MIT */

/*
 * `attach`
 */

#pragma once

struct command;

extern const struct command cmd_attach;
extern const struct command cmd_attach_container; /* of `carte`: of any stack */
