/* SPDX-License-Identifier: MIT */

/*
 * `front`: the supervisor's unprivileged child
 */

#pragma once

struct command;

extern const struct command cmd_front;
