/* SPDX-License-Identifier: MIT */

/*
 * `carte login` and `logout`
 */

#pragma once

extern const struct command cmd_login;
extern const struct command cmd_login_out;
