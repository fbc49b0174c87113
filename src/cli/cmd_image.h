/* SPDX-License-Identifier: MIT */

/*
 * `carte inspect`, `history`, `tag` and `rmi`: single images of the store
 */

#pragma once

struct command;

extern const struct command cmd_image_inspect;
extern const struct command cmd_image_history;
extern const struct command cmd_image_tag;
extern const struct command cmd_image_remove;
