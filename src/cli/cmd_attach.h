/* SPDX-License-Identifier: MIT */

/*
 * `attach`
 */

#pragma once

struct command;

extern const struct command cmd_attach;
