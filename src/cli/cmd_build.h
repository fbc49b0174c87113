/* SPDX-License-Identifier: MIT */

/*
 * `build`: the images of a stack, and in `carte` one image
 */

#pragma once

struct command;

extern const struct command cmd_build;
extern const struct command cmd_build_image;
