/* SPDX-License-Identifier: MIT */

/*
 * Where the reader is
 */

#include "stack/reading.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/alloc.h"

void reading_done(struct reading *reading)
{
    text_done(&reading->path);
}

size_t reading_enter(struct reading *reading, const char *key)
{
    size_t mark = reading->path.length;

    if (mark > 0)
        text_add_char(&reading->path, '.');
    text_add(&reading->path, key);
    return mark;
}

size_t reading_enter_item(struct reading *reading, size_t index)
{
    size_t mark = reading->path.length;

    text_add_format(&reading->path, "[%zu]", index);
    return mark;
}

void reading_leave(struct reading *reading, size_t mark)
{
    reading->path.length = mark;
    if (reading->path.data)
        reading->path.data[mark] = '\0';
}

static void report(struct reading *reading, enum diagnostic_severity severity,
                   const struct node *node, const char *text)
{
    const char *path = node->path ? node->path : text_get(&reading->path);

    diagnostic_add(reading->diagnostics, severity, &node->place, path, "%s", text);
}

void reading_error(struct reading *reading, const struct node *node, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    report(reading, DIAGNOSTIC_ERROR, node, text);
}

void reading_warn(struct reading *reading, const struct node *node, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    report(reading, DIAGNOSTIC_WARNING, node, text);
}

/* Take the parts of `path` over to `out`, an absolute path that is clean so far. */
static void add_parts(struct text *out, const char *path)
{
    while (*path) {
        size_t length = strcspn(path, "/");

        if (length == 2 && strncmp(path, "..", 2) == 0) {
            while (out->length > 0 && out->data[--out->length] != '/')
                ;
            if (out->data)
                out->data[out->length] = '\0';
        } else if (length > 0 && !(length == 1 && *path == '.')) {
            text_add_char(out, '/');
            text_add_bytes(out, path, length);
        }
        path += length + (path[length] == '/' ? 1 : 0);
    }
}

char *reading_resolve_path(const struct reading *reading, const char *path)
{
    AUTO_TEXT struct text out = { 0 };

    if (path[0] == '~' && (path[1] == '/' || path[1] == '\0') && reading->home) {
        add_parts(&out, reading->home);
        path++;
    } else if (path[0] != '/') {
        if (!reading->directory)
            return alloc_text(path);
        add_parts(&out, reading->directory);
    }
    add_parts(&out, path);
    if (out.length == 0)
        text_add_char(&out, '/');
    return text_steal(&out);
}
