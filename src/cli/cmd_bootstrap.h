/* SPDX-License-Identifier: MIT */

/*
 * `carte bootstrap`: a base image without a registry
 */

#pragma once

struct command;

extern const struct command cmd_bootstrap;
