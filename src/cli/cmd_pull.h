/* SPDX-License-Identifier: MIT */

/*
 * `carte pull` and `push`: images from and to registries
 */

#pragma once

extern const struct command cmd_pull_image;
extern const struct command cmd_pull_push;
