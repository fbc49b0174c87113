/* SPDX-License-Identifier: MIT */

/*
 * `config`
 */

#pragma once

struct command;

extern const struct command cmd_config;
