/* SPDX-License-Identifier: MIT */

/*
 * The lines of a Cartefile
 */

#include "image/cartefile_lines.h"

#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

struct cartefile_lines cartefile_lines_start(const char *text, size_t length)
{
    bool has_mark = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;

    return (struct cartefile_lines){
        .next = text + (has_mark ? 3 : 0),
        .end = text + length,
        .escape = '\\',
    };
}

bool cartefile_lines_read(struct cartefile_lines *lines, const char **start_out, size_t *length_out)
{
    const char *newline = NULL;
    size_t length = 0;

    if (lines->next >= lines->end)
        return false;
    newline = memchr(lines->next, '\n', (size_t)(lines->end - lines->next));
    length = newline ? (size_t)(newline - lines->next) : (size_t)(lines->end - lines->next);
    *start_out = lines->next;
    lines->next += length + (newline ? 1 : 0);
    lines->line++;
    if (length > 0 && (*start_out)[length - 1] == '\r')
        length--;
    *length_out = length;
    return true;
}

static void trim(const char **start, size_t *length)
{
    while (*length > 0 && is_blank(**start)) {
        (*start)++;
        (*length)--;
    }
    while (*length > 0 && is_blank((*start)[*length - 1]))
        (*length)--;
}

static void reset(struct cartefile_line *line)
{
    text_clear(&line->text);
    text_clear(&line->comment);
    line->segment_count = 0;
    line->empty_line = 0;
}

/* Does a trimmed line end in an escape character that is not escaped itself? */
static bool is_continued(const char *start, size_t length, char escape)
{
    return length > 0 && start[length - 1] == escape &&
           (length == 1 || start[length - 2] != escape);
}

/* Before an instruction: a comment is kept, a blank line makes it stand alone. */
static void skip(struct cartefile_line *line, const char *start, size_t length)
{
    text_clear(&line->comment);
    if (length == 0)
        return;
    start++;
    length--;
    trim(&start, &length);
    text_add_bytes(&line->comment, start, length);
}

static void add_segment(struct cartefile_line *line, size_t number, size_t column)
{
    *ALLOC_APPEND(line->segments, line->segment_count) = (struct cartefile_segment){
        .offset = line->text.length,
        .line = number,
        .column = column,
    };
}

bool cartefile_lines_next(struct cartefile_lines *lines, struct cartefile_line *out)
{
    const char *start = NULL;
    size_t length = 0;

    reset(out);
    while (cartefile_lines_read(lines, &start, &length)) {
        const char *trimmed = start;
        size_t trimmed_length = length;
        bool began = out->segment_count > 0;

        trim(&trimmed, &trimmed_length);
        if (trimmed_length == 0 || *trimmed == '#') {
            if (!began)
                skip(out, trimmed, trimmed_length);
            else if (trimmed_length == 0 && out->empty_line == 0)
                out->empty_line = lines->line;
            continue;
        }
        /* Blanks in front count within a continued line only. */
        length = (size_t)(trimmed + trimmed_length - (began ? start : trimmed));
        add_segment(out, lines->line, began ? 1 : (size_t)(trimmed - start) + 1);
        start = began ? start : trimmed;
        if (!is_continued(trimmed, trimmed_length, lines->escape)) {
            text_add_bytes(&out->text, start, length);
            return true;
        }
        text_add_bytes(&out->text, start, length - 1);
    }
    return out->segment_count > 0;
}

void cartefile_lines_done(struct cartefile_line *line)
{
    text_done(&line->text);
    text_done(&line->comment);
    free(line->segments);
    *line = (struct cartefile_line){ 0 };
}

void cartefile_lines_place(const struct cartefile_line *line, size_t offset, size_t *line_out,
                           size_t *column_out)
{
    const struct cartefile_segment *segment = line->segments;
    const char *text = text_get(&line->text);

    for (size_t i = 1; i < line->segment_count && line->segments[i].offset <= offset; i++)
        segment = &line->segments[i];
    *line_out = segment->line;
    *column_out = segment->column;
    for (size_t i = segment->offset; i < offset; i++)
        *column_out += ((unsigned char)text[i] & 0xc0) != 0x80;
}
