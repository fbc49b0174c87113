/* SPDX-License-Identifier: MIT */

/*
 * A descriptor for somebody who listens at a Unix socket: --console-socket, --pidfd-socket
 */

#pragma once

#include "util/macro.h"

struct error;

/* Connect to the socket `path`, of any length, and send it `fd` with the text `name`. */
int send_fd(const char *path, int fd, const char *name, struct error *err) MUST_CHECK;

/* Is there a socket at `path`? Told before anything is made. */
int send_fd_check(const char *path, struct error *err) MUST_CHECK;
