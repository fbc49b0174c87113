/* SPDX-License-Identifier: MIT */

/*
 * A file that a command writes: whole, or not at all
 *
 * What is not finished has no name; an existing file is replaced at the end. A device, a pipe or
 * the standard output is written as it comes.
 */

#pragma once

#include "util/macro.h"

struct error;

struct output_file {
    int fd;
    char *path; /* to be given at the end; NULL: nothing is left to do */
};

/*
 * Open `path`; NULL and "-" are the standard output, which is refused when it is a terminal
 * (ERROR_INVALID): what is written is for programs.
 */
int output_file_open(struct output_file *file, const char *path, struct error *err) MUST_CHECK;
int output_file_commit(struct output_file *file, struct error *err) MUST_CHECK;
void output_file_done(struct output_file *file);
#define AUTO_OUTPUT_FILE __attribute__((cleanup(output_file_done)))
