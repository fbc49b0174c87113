/* SPDX-License-Identifier: MIT */

/*
 * The lines of a Cartefile: continued lines joined, comments and blank lines left out
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/macro.h"
#include "util/text.h"

struct cartefile_lines {
    const char *next, *end;
    size_t line;   /* that was read last, from 1 */
    size_t column; /* where the instruction begins in its first line, from 1 */
    char escape;   /* '\\', or '`' by the directive "# escape=`" */
};

/* Start, and read the directives at the top of the text. */
struct cartefile_lines cartefile_lines_start(const char *text, size_t length);

/* The next physical line without its end; false at the end of the text. */
bool cartefile_lines_read(struct cartefile_lines *lines, const char **start_out,
                          size_t *length_out);

/* The next instruction's whole text and the number of its first line. */
bool cartefile_lines_next(struct cartefile_lines *lines, struct text *out, size_t *first_out);
