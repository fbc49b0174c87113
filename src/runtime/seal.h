/* SPDX-License-Identifier: MIT */

/*
 * Keep the running program out of reach of containers
 *
 * A container can have its process execute /proc/self/exe, which before execve() is the program
 * that started it, and write to that file later as root (CVE-2019-5736). A program that starts
 * containers therefore runs from a read-only mount of its own file that hangs nowhere: whoever
 * gets hold of the file through the process cannot open it for writing.
 */

#pragma once

#include "util/macro.h"

struct error;

/*
 * At the beginning of main(): execute the program again from such a mount, unless that has
 * happened. Returns 0 then. The caller may go on after a failure, with this one wall less.
 */
int seal_program(char *const argv[], struct error *err) MUST_CHECK;

/* The path of the program, which /proc/self/exe does not tell any more; NULL: not sealed. */
const char *seal_get_path(void);
