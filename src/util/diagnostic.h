/* SPDX-License-Identifier: MIT */

/*
 * What is wrong with a file that people write, all of it at once
 *
 * Printed as `file:line:column: key.path: what is wrong, what was expected`, followed by the
 * line of the file with a caret under the column. What spans lines is shown in a box with the
 * lines around it.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/macro.h"
#include "util/text.h"

#define DIAGNOSTIC_MAX 50

enum diagnostic_severity { DIAGNOSTIC_ERROR, DIAGNOSTIC_WARNING };

struct diagnostic_place {
    const char *file;    /* borrowed; NULL: no place */
    size_t line, column; /* from 1; the column counts characters */
    size_t last_line;    /* of what is shown in a box; 0: the line alone is shown */
};

struct diagnostic {
    enum diagnostic_severity severity;
    char *file;
    size_t line, column;
    char *path; /* "services.login.ports[0]" */
    char *text;
    char *source; /* the lines of the file with a caret, or NULL */
};

/* A file that was read, kept so that its lines can be shown. */
struct diagnostic_source {
    char *file;
    char *text;
    size_t length;
};

struct diagnostics {
    struct diagnostic *items; /* at most DIAGNOSTIC_MAX */
    size_t count;
    size_t error_count, warning_count; /* also those beyond the limit */
    struct diagnostic_source **sources;
    size_t source_count;
};

/*
 * Keep a copy of a file's text. What is returned is the file's name, to be put into places;
 * it lives as long as `diagnostics`.
 */
const char *diagnostic_add_source(struct diagnostics *diagnostics, const char *file,
                                  const char *text, size_t length);

void diagnostic_add(struct diagnostics *diagnostics, enum diagnostic_severity severity,
                    const struct diagnostic_place *place, const char *path, const char *format, ...)
    PRINTF_LIKE(5, 6);

/*
 * The lines `place` covers and those around it, between rules: "   3 | >>> RUN false". Of a file
 * that was not added, nothing.
 */
void diagnostic_format_place(const struct diagnostics *diagnostics,
                             const struct diagnostic_place *place, struct text *out);

/* Sorted by file and line, as text for a terminal or a file. */
void diagnostic_format(const struct diagnostics *diagnostics, bool colour, struct text *out);
void diagnostic_done(struct diagnostics *diagnostics);
