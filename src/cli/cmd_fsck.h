/* SPDX-License-Identifier: MIT */

/*
 * `carte fsck`: proof that the image store is whole
 */

#pragma once

struct command;

extern const struct command cmd_fsck;
