/* SPDX-License-Identifier: MIT */

/*
 * `events`
 */

#pragma once

struct command;

extern const struct command cmd_events;
