/* SPDX-License-Identifier: MIT */

/*
 * Paths below a root that is not trusted
 *
 * Every path inside of a container's root is resolved by the kernel as if that root were "/",
 * without magic links, and is handled as a descriptor from then on. No other module hands a
 * path below a container's root to a system call.
 */

#pragma once

#include <sys/types.h>

#include "util/macro.h"
#include "util/text.h"

struct error;

/* Open `path` below `rootfd`; returns the descriptor, or -1 with errno set. */
int confined_open(int rootfd, const char *path, int flags);

/* As confined_open(O_PATH), but a symbolic link anywhere on the way is refused. */
int confined_open_plain(int rootfd, const char *path);

/*
 * An O_PATH descriptor of the folder `path`, made with those above it if it is missing, and with
 * what symbolic links on the way name.
 */
int confined_make_folder(int rootfd, const char *path, mode_t mode, int *out,
                         struct error *err) MUST_CHECK;

/* The same of a file, which is empty when it is made. */
int confined_make_file(int rootfd, const char *path, int *out, struct error *err) MUST_CHECK;

/* Read a regular file of at most `limit` bytes. */
int confined_read(int rootfd, const char *path, size_t limit, struct text *out,
                  struct error *err) MUST_CHECK;
