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
#define SOURCE_MAX 160U /* of a line */
#define BOX_MAX 20U     /* lines */
#define AROUND_ONE 4U   /* lines around one line, and around several */
#define AROUND_MANY 2U

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

static const struct diagnostic_source *find_source(const struct diagnostics *diagnostics,
                                                   const char *file)
{
    for (size_t i = 0; i < diagnostics->source_count; i++) {
        if (strcmp(diagnostics->sources[i]->file, file) == 0)
            return diagnostics->sources[i];
    }
    return NULL;
}

/* The lines of a text, one after the other. */
struct cursor {
    const char *next, *end;
    size_t number; /* of the line read last, from 1 */
};

static bool next_line(struct cursor *cursor, const char **line_out, size_t *length_out)
{
    const char *newline = NULL;

    if (cursor->next >= cursor->end)
        return false;
    newline = memchr(cursor->next, '\n', (size_t)(cursor->end - cursor->next));
    *line_out = cursor->next;
    *length_out = (size_t)((newline ? newline : cursor->end) - cursor->next);
    cursor->next += *length_out + 1;
    cursor->number++;
    while (*length_out > 0 && (*line_out)[*length_out - 1] == '\r')
        (*length_out)--;
    return true;
}

/* Control bytes become blanks, so that a file cannot write to the terminal as it likes. */
static void add_line(const char *line, size_t length, struct text *out)
{
    for (size_t i = 0; i < MIN(length, (size_t)SOURCE_MAX); i++) {
        unsigned char c = (unsigned char)line[i];

        text_add_char(out, c < 0x20 || c == 0x7f ? ' ' : (char)c);
    }
    text_add_char(out, '\n');
}

static void add_caret(const char *margin, size_t column, struct text *out)
{
    if (column == 0 || column > SOURCE_MAX)
        return;
    text_add(out, margin);
    for (size_t i = 1; i < column; i++)
        text_add_char(out, ' ');
    text_add(out, "^\n");
}

/* Column 0 puts no caret. */
static void add_box(const char *text, size_t length, const struct diagnostic_place *place,
                    struct text *out)
{
    static const char rule[] = "--------------------\n";
    struct cursor cursor = { .next = text, .end = text + length };
    size_t last = MAX(place->last_line, place->line);
    size_t around = last > place->line ? AROUND_MANY : AROUND_ONE;
    const char *line = NULL;
    size_t size = 0;

    text_add(out, rule);
    while (next_line(&cursor, &line, &size) && cursor.number <= last + around) {
        bool meant = cursor.number >= place->line && cursor.number <= last;

        if (cursor.number + around < place->line || cursor.number > place->line + BOX_MAX)
            continue;
        if (cursor.number == place->line + BOX_MAX) {
            text_add(out, "     | ...\n");
            continue;
        }
        text_add_format(out, "%4zu | %s ", cursor.number, meant ? ">>>" : "   ");
        add_line(line, size, out);
        if (cursor.number == place->line)
            add_caret("     |     ", place->column, out);
    }
    text_add(out, rule);
}

void diagnostic_format_place(const struct diagnostics *diagnostics,
                             const struct diagnostic_place *place, struct text *out)
{
    const struct diagnostic_source *source = find_source(diagnostics, place->file);

    if (source)
        add_box(source->text, source->length, place, out);
}

/* What is shown of the file below a message; NULL if the file is unknown. */
static char *format_source(const struct diagnostics *diagnostics,
                           const struct diagnostic_place *place)
{
    const struct diagnostic_source *source = find_source(diagnostics, place->file);
    struct cursor cursor = { 0 };
    AUTO_TEXT struct text out = { 0 };
    const char *line = NULL;
    size_t length = 0;

    if (!source)
        return NULL;
    if (place->last_line > 0) {
        add_box(source->text, source->length, place, &out);
        return text_steal(&out);
    }
    cursor = (struct cursor){ .next = source->text, .end = source->text + source->length };
    while (next_line(&cursor, &line, &length) && cursor.number < place->line)
        ;
    if (cursor.number != place->line || !line)
        return NULL;
    text_add(&out, "    ");
    add_line(line, length, &out);
    add_caret("    ", place->column, &out);
    return text_steal(&out);
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
    item->source = format_source(diagnostics, place);
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
        text_add(out, item->source);
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
