/* SPDX-License-Identifier: MIT */

/*
 * What containers of any stack do: port, top, stats
 */

#pragma once

struct command;

extern const struct command cmd_container_port, cmd_container_top, cmd_container_stats;
