/* SPDX-License-Identifier: MIT */

/*
 * The lines of a Cartefile
 */

#include "image/cartefile_lines.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
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

/* A comment "# key=value" at the top is a directive; anything else ends the directives. */
static bool take_directive(struct cartefile_lines *lines, const char *start, size_t length)
{
    const char *equals = memchr(start, '=', length);
    const char *value = NULL;
    size_t value_length = 0;
    size_t key_length = 0;

    if (length == 0 || *start != '#' || !equals)
        return false;
    value = equals + 1;
    value_length = (size_t)(start + length - value);
    trim(&value, &value_length);
    start++;
    key_length = (size_t)(equals - start);
    trim(&start, &key_length);
    if (key_length == 6 && strncasecmp(start, "escape", 6) == 0) {
        if (value_length == 1 && (*value == '\\' || *value == '`'))
            lines->escape = *value;
        return true;
    }
    return (key_length == 6 && strncasecmp(start, "syntax", 6) == 0) ||
           (key_length == 5 && strncasecmp(start, "check", 5) == 0);
}

struct cartefile_lines cartefile_lines_start(const char *text, size_t length)
{
    struct cartefile_lines lines = { .next = text, .end = text + length, .escape = '\\' };
    bool is_directive = true;

    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        lines.next += 3;
    while (is_directive) {
        struct cartefile_lines before = lines;
        const char *start = NULL;
        size_t size = 0;

        if (!cartefile_lines_read(&lines, &start, &size))
            return before;
        trim(&start, &size);
        is_directive = take_directive(&lines, start, size);
        if (!is_directive)
            lines = before;
    }
    return lines;
}

bool cartefile_lines_next(struct cartefile_lines *lines, struct text *out, size_t *first_out)
{
    const char *start = NULL;
    size_t length = 0;
    bool began = false;

    text_clear(out);
    while (cartefile_lines_read(lines, &start, &length)) {
        const char *trimmed = start;
        size_t trimmed_length = length;

        trim(&trimmed, &trimmed_length);
        if (trimmed_length == 0 || *trimmed == '#')
            continue;
        if (!began) {
            *first_out = lines->line;
            lines->column = (size_t)(trimmed - start) + 1;
        }
        /* Blanks in front count within a continued line only. */
        length = (size_t)(trimmed + trimmed_length - (began ? start : trimmed));
        start = began ? start : trimmed;
        began = true;
        if (start[length - 1] != lines->escape) {
            text_add_bytes(out, start, length);
            return true;
        }
        text_add_bytes(out, start, length - 1);
    }
    return began;
}
