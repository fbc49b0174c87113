/* SPDX-License-Identifier: MIT */

/*
 * Unix stream sockets with a name in the file system
 *
 * An address holds 108 bytes only, and paths are longer: the name goes through a descriptor of
 * its folder.
 */

#pragma once

#include "util/macro.h"

struct error;

/*
 * Listen at `path`, mode 0600; the descriptor does not block. The socket is bound beside it and
 * renamed, so that `path` always leads to a listener, also while one replaces another.
 */
int local_socket_listen(const char *path, int *out, struct error *err) MUST_CHECK;

/* ERROR_NOT_FOUND: nobody listens there. */
int local_socket_connect(const char *path, int *out, struct error *err) MUST_CHECK;
