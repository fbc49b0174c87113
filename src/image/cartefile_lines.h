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
    size_t line; /* that was read last, from 1 */
    char escape; /* '\\', or '`' by the directive "# escape=`" */
};

/* One instruction's text, and where each part of it stands in the file. */
struct cartefile_line {
    struct text text;
    struct cartefile_segment {
        size_t offset;       /* in the text */
        size_t line, column; /* from 1; the column counts bytes */
    } * segments;
    size_t segment_count;
    size_t empty_line;   /* the first blank line inside of it; 0: none */
    struct text comment; /* that stands right above it, without the '#'; empty: none */
};

/* Start behind the byte order mark, if there is one. */
struct cartefile_lines cartefile_lines_start(const char *text, size_t length);

/* The next physical line without its end; false at the end of the text. */
bool cartefile_lines_read(struct cartefile_lines *lines, const char **start_out,
                          size_t *length_out);

/* The next instruction; false at the end of the text. */
bool cartefile_lines_next(struct cartefile_lines *lines, struct cartefile_line *out);
void cartefile_lines_done(struct cartefile_line *line);

/* Where the byte at `offset` of an instruction's text stands; the column counts characters. */
void cartefile_lines_place(const struct cartefile_line *line, size_t offset, size_t *line_out,
                           size_t *column_out);
