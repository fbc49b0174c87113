/* SPDX-License-Identifier: MIT */

/*
 * The files of a cgroup
 */

#pragma once

#include <stdint.h>

#include "util/macro.h"

struct error;

/*
 * Write `text` to the control file `name` in `dirfd` (-1: there is no such controller), which
 * the kernel takes whole or refuses. ERROR_UNSUPPORTED: there is no such file.
 */
int cgroup_file_write(int dirfd, const char *name, const char *text, struct error *err) MUST_CHECK;

/* The number a file holds; 0: none ("max"), or there is no such file. */
uint64_t cgroup_file_read_number(int dirfd, const char *name);
