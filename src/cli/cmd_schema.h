/* SPDX-License-Identifier: MIT */

/*
 * `schema`
 */

#pragma once

struct command;

extern const struct command cmd_schema;
