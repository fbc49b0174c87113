/* SPDX-License-Identifier: MIT */

/*
 * `carte import` and `carte export`: root file systems in archives
 */

#pragma once

struct command;

extern const struct command cmd_import;
extern const struct command cmd_import_export;
