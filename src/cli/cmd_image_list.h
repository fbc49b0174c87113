/* SPDX-License-Identifier: MIT */

/*
 * `carte images`
 */

#pragma once

struct command;

extern const struct command cmd_image_list;
