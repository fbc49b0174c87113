/* SPDX-License-Identifier: MIT */

/*
 * `carte images`, `inspect`, `tag` and `rmi`: the image store
 */

#pragma once

struct command;

extern const struct command cmd_image_list;
extern const struct command cmd_image_inspect;
extern const struct command cmd_image_tag;
extern const struct command cmd_image_remove;
