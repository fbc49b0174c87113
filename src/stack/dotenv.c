/* SPDX-License-Identifier: MIT */

/*
 * Files of variables: .env and env_file
 */

#include "stack/dotenv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "stack/interpolate.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

/* Names are compared with each other. */
#define VARIABLES_MAX 10000

struct lines {
    const char *file;
    const char *p;
    size_t line;
    const char *line_start;
    const struct dotenv_options *options;
    struct strings_map scope; /* the variables and what was read so far */
    struct strings_map *out;
    struct diagnostics *diagnostics;
    size_t budget;
    bool full;
};

static void complain(struct lines *lines, const char *at, const char *text)
{
    struct diagnostic_place place = {
        .file = lines->file,
        .line = lines->line,
        .column = (size_t)(at - lines->line_start) + 1,
    };

    diagnostic_add(lines->diagnostics, DIAGNOSTIC_ERROR, &place, NULL, "%s", text);
}

static void skip_line(struct lines *lines)
{
    lines->p += strcspn(lines->p, "\n");
    if (*lines->p)
        lines->p++;
    lines->line++;
    lines->line_start = lines->p;
}

static bool is_key_char(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("_.-[]", c));
}

/* The word behind the opening quote at lines->p, which is moved behind the closing one. */
static bool read_quoted(struct lines *lines, char quote, struct text *word)
{
    const char *open = lines->p - 1;
    struct lines start = *lines;

    for (; *lines->p && *lines->p != quote; lines->p++) {
        if (quote == '"' && *lines->p == '\\' && lines->p[1]) {
            static const char names[] = "nrt";
            static const char bytes[] = "\n\r\t";
            const char *known = strchr(names, lines->p[1]);

            lines->p++;
            /* A dollar sign that was escaped must survive the interpolation. */
            if (*lines->p == '$')
                text_add_char(word, '$');
            text_add_char(word, known ? bytes[known - names] : *lines->p);
            continue;
        }
        if (*lines->p == '\n') {
            lines->line++;
            lines->line_start = lines->p + 1;
        }
        text_add_char(word, *lines->p);
    }
    if (*lines->p) {
        lines->p++;
        return true;
    }
    lines->line = start.line;
    lines->line_start = start.line_start;
    complain(lines, open, "the quoted value is not closed");
    return false;
}

/* An unquoted value ends with the line, or with a '#' behind a blank. */
static void read_unquoted(struct lines *lines, struct text *word)
{
    const char *start = lines->p;
    size_t length = strcspn(start, "\r\n");

    for (size_t i = 0; i < length; i++) {
        if (start[i] == '#' && (i == 0 || isblank((unsigned char)start[i - 1]))) {
            length = i;
            break;
        }
    }
    while (length > 0 && isblank((unsigned char)start[length - 1]))
        length--;
    text_add_bytes(word, start, length);
    lines->p = start + length;
}

static void store(struct lines *lines, const char *key, const char *value)
{
    if (lines->out->count >= VARIABLES_MAX) {
        if (!lines->full)
            complain(lines, lines->line_start, "the file holds more than 10000 variables");
        lines->full = true;
        return;
    }
    strings_map_set(lines->out, key, value);
    if (value)
        strings_map_set(&lines->scope, key, value);
}

static void read_value(struct lines *lines, const char *key)
{
    AUTO_TEXT struct text word = { 0 };
    AUTO_TEXT struct text value = { 0 };
    struct interpolate_scope scope = { &lines->scope, NULL, lines->budget };
    struct error err = { 0 };
    const char *start = lines->p;
    char quote = '\0';

    if (lines->options->raw) {
        AUTO_FREE char *raw = alloc_text_part(lines->p, strcspn(lines->p, "\r\n"));

        store(lines, key, raw);
        return;
    }
    lines->p += strspn(lines->p, " \t");
    if (*lines->p == '"' || *lines->p == '\'') {
        quote = *lines->p++;
        if (!read_quoted(lines, quote, &word))
            return;
    } else {
        read_unquoted(lines, &word);
    }
    if (quote == '\'') {
        store(lines, key, text_get(&word));
        return;
    }
    if (interpolate_text(text_get(&word), &scope, &value, &err) < 0)
        complain(lines, start, err.text);
    lines->budget = scope.budget;
    store(lines, key, text_get(&value));
}

static void read_line(struct lines *lines)
{
    const char *start = NULL;
    size_t length = 0;

    lines->p += strspn(lines->p, " \t\r");
    if (*lines->p == '#' || *lines->p == '\n' || *lines->p == '\0')
        return;
    if (strncmp(lines->p, "export", 6) == 0 && isblank((unsigned char)lines->p[6]))
        lines->p += 6 + strspn(lines->p + 6, " \t");
    start = lines->p;
    while (is_key_char(start[length]))
        length++;
    lines->p += length + strspn(start + length, " \t");
    if (length == 0) {
        complain(lines, lines->p, "a line begins with a variable's name, as in KEY=value");
    } else if (*lines->p == '=' || *lines->p == ':') {
        AUTO_FREE char *key = alloc_text_part(start, length);

        lines->p++;
        read_value(lines, key);
    } else if (*lines->p == '\r' || *lines->p == '\n' || *lines->p == '\0' || *lines->p == '#') {
        AUTO_FREE char *key = alloc_text_part(start, length);
        const struct strings_pair *known = strings_map_find(&lines->scope, key);

        store(lines, key, known ? known->value : NULL);
    } else {
        complain(lines, lines->p, "unexpected character in a variable's name; write KEY=value");
    }
}

void dotenv_read(const char *file, const char *text, const struct dotenv_options *options,
                 struct strings_map *out, struct diagnostics *diagnostics)
{
    struct lines lines = {
        .file = file,
        .p = text,
        .line = 1,
        .line_start = text,
        .options = options,
        .out = out,
        .diagnostics = diagnostics,
        .budget = INTERPOLATE_BUDGET,
    };

    if (options->variables)
        strings_map_copy(&lines.scope, options->variables);
    if (text_starts_with(text, "\xef\xbb\xbf"))
        lines.p += 3;
    while (*lines.p) {
        read_line(&lines);
        skip_line(&lines);
    }
    strings_map_done(&lines.scope);
}
