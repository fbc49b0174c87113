/* SPDX-License-Identifier: MIT */

/*
 * What is wrong with a file that people write, all of it at once
 */

#include "util/diagnostic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

#define TEXT_MAX 1024

const char *diagnostic_add_source(struct diagnostics *diagnostics, const char *file,
                                  const char *text, size_t length)
{
    struct diagnostic_source **slot = ALLOC_APPEND(diagnostics->sources, diagnostics->source_count);
    struct diagnostic_source *source = alloc_new(struct diagnostic_source);

    source->file = alloc_text(file);
    source->text = alloc_text_part(text, length);
    source->length = length;
    *slot = source;
    return source->file;
}

/* The line of a source that `place` is on, without its end; NULL if the file is unknown. */
static char *find_line(const struct diagnostics *diagnostics, const struct diagnostic_place *place)
{
    for (size_t i = 0; i < diagnostics->source_count; i++) {
        const struct diagnostic_source *source = diagnostics->sources[i];
        const char *line = source->text;

        if (strcmp(source->file, place->file) != 0)
            continue;
        for (size_t n = 1; n < place->line && line; n++) {
            line = strchr(line, '\n');
            line = line ? line + 1 : NULL;
        }
        return line ? alloc_text_part(line, strcspn(line, "\r\n")) : NULL;
    }
    return NULL;
}

static void item_done(struct diagnostic *item)
{
    free(item->file);
    free(item->path);
    free(item->text);
    free(item->source);
    *item = (struct diagnostic){ 0 };
}

/* Room for one more; when there is none, a mistake takes that of the last warning. */
static struct diagnostic *new_item(struct diagnostics *diagnostics,
                                   enum diagnostic_severity severity)
{
    if (diagnostics->count < DIAGNOSTIC_MAX)
        return ALLOC_APPEND(diagnostics->items, diagnostics->count);
    for (size_t i = diagnostics->count; severity == DIAGNOSTIC_ERROR && i-- > 0;) {
        if (diagnostics->items[i].severity == DIAGNOSTIC_ERROR)
            continue;
        item_done(&diagnostics->items[i]);
        return &diagnostics->items[i];
    }
    return NULL;
}

void diagnostic_add(struct diagnostics *diagnostics, enum diagnostic_severity severity,
                    const struct diagnostic_place *place, const char *path, const char *format, ...)
{
    struct diagnostic *item = NULL;
    char text[TEXT_MAX];
    va_list arguments;

    if (severity == DIAGNOSTIC_ERROR)
        diagnostics->error_count++;
    else
        diagnostics->warning_count++;
    item = new_item(diagnostics, severity);
    if (!item)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    item->severity = severity;
    item->path = alloc_text(path);
    item->text = alloc_text(text);
    if (!place || !place->file)
        return;
    item->file = alloc_text(place->file);
    item->line = place->line;
    item->column = place->column;
    item->source = find_line(diagnostics, place);
}

static int compare(const void *a, const void *b)
{
    const struct diagnostic *left = *(const struct diagnostic *const *)a;
    const struct diagnostic *right = *(const struct diagnostic *const *)b;
    int files = strcmp(left->file ? left->file : "", right->file ? right->file : "");

    if (files != 0)
        return files;
    if (left->line != right->line)
        return left->line < right->line ? -1 : 1;
    if (left->column != right->column)
        return left->column < right->column ? -1 : 1;
    return left < right ? -1 : 1;
}

#define SOURCE_MAX 160

/*
 * The line with a caret under the column, which counts characters. Control bytes become
 * blanks, so that a file cannot write to the terminal as it likes.
 */
static void format_source(const struct diagnostic *item, struct text *out)
{
    size_t column = 1;
    size_t shown = MIN(strlen(item->source), (size_t)SOURCE_MAX);

    text_add(out, "    ");
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)item->source[i];

        text_add_char(out, c < 0x20 || c == 0x7f ? ' ' : (char)c);
    }
    text_add_char(out, '\n');
    if (item->column > SOURCE_MAX)
        return;
    text_add(out, "    ");
    for (; column < item->column; column++)
        text_add_char(out, ' ');
    text_add(out, "^\n");
}

/* Text that came from a file, without the control bytes it may hold. */
static void add_clean(struct text *out, const char *string)
{
    for (; *string; string++) {
        unsigned char c = (unsigned char)*string;

        text_add_char(out, c < 0x20 || c == 0x7f ? '?' : (char)c);
    }
}

static void format_item(const struct diagnostic *item, bool colour, struct text *out)
{
    bool error = item->severity == DIAGNOSTIC_ERROR;

    if (item->file)
        text_add_format(out, "%s:%zu:%zu: ", item->file, item->line, item->column);
    if (colour)
        text_add(out, error ? "\033[31m" : "\033[33m");
    if (!error)
        text_add(out, "warning: ");
    if (item->path && *item->path) {
        add_clean(out, item->path);
        text_add(out, ": ");
    }
    if (colour)
        text_add(out, "\033[0m");
    add_clean(out, item->text);
    text_add_char(out, '\n');
    if (item->source)
        format_source(item, out);
}

void diagnostic_format(const struct diagnostics *diagnostics, bool colour, struct text *out)
{
    const struct diagnostic *sorted[DIAGNOSTIC_MAX];
    size_t all = diagnostics->error_count + diagnostics->warning_count;

    for (size_t i = 0; i < diagnostics->count; i++)
        sorted[i] = &diagnostics->items[i];
    if (diagnostics->count > 1)
        qsort(sorted, diagnostics->count, sizeof(sorted[0]), compare);
    for (size_t i = 0; i < diagnostics->count; i++)
        format_item(sorted[i], colour, out);
    if (all > diagnostics->count)
        text_add_format(out, "and %zu more\n", all - diagnostics->count);
}

void diagnostic_done(struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < diagnostics->count; i++)
        item_done(&diagnostics->items[i]);
    for (size_t i = 0; i < diagnostics->source_count; i++) {
        free(diagnostics->sources[i]->file);
        free(diagnostics->sources[i]->text);
        free(diagnostics->sources[i]);
    }
    free(diagnostics->items);
    free(diagnostics->sources);
    *diagnostics = (struct diagnostics){ 0 };
}
