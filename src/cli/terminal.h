/* SPDX-License-Identifier: MIT */

/*
 * The user's terminal, connected to that of a process
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"

struct error;
struct termios;

/* Are both ends of the user's side terminals? */
bool terminal_is_interactive(void);

/*
 * Put the user's terminal into raw mode, and relay between it and the terminal whose master is
 * `master_fd` until the process `pidfd` has ended and all it wrote has been shown; sizes follow.
 * The mode is put back in any case. Where the user has no terminal there is no mode to change,
 * and the end of the input is passed on.
 */
int terminal_relay(int master_fd, int pidfd, struct error *err) MUST_CHECK;

/* Put the user's terminal into raw mode; *before is what terminal_put_back() gives back. */
int terminal_set_raw(struct termios *before, struct error *err) MUST_CHECK;
void terminal_put_back(const struct termios *before);
