/* SPDX-License-Identifier: MIT */

/*
 * `carte cp`: files from and to containers
 */

#pragma once

struct command;

extern const struct command cmd_copy;
