/* SPDX-License-Identifier: MIT */

/*
 * `carte network create`, `ls`, `inspect`, `rm`, `prune`: networks that belong to no stack
 */

#pragma once

#include "cli/command.h"

extern const struct command cmd_network_create;
extern const struct command cmd_network_list;
extern const struct command cmd_network_inspect;
extern const struct command cmd_network_remove;
extern const struct command cmd_network_prune;
extern const struct command cmd_network_connect;    /* refused */
extern const struct command cmd_network_disconnect; /* refused */
