/* SPDX-License-Identifier: MIT */

/*
 * `carte-stack pull` and `push`: the images of a stack from and to registries
 */

#pragma once

extern const struct command cmd_pull_stack;
extern const struct command cmd_pull_stack_push;
