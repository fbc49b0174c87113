/* SPDX-License-Identifier: MIT */

/*
 * Rows of a list, printed as --format asks
 *
 * A row is a JSON object with a member for each of the columns. Formats are those of docker:
 * "table" (the list's own columns), "table TEMPLATE", "json" (an object a line), or a
 * template, which is filled in once a row.
 */

#pragma once

#include "util/json.h"
#include "util/macro.h"
#include "util/text.h"

struct error;

struct listing_column {
    const char *key;     /* of the row: "Repository" */
    const char *heading; /* "REPOSITORY" */
};

struct listing {
    const struct listing_column *columns; /* ended by a NULL key */
    const char *table;                    /* what "table" stands for: "{{.ID}}\\t{{.Size}}" */
    struct json *rows;                    /* an array */
};

/* ERROR_INVALID: the template is not understood. Cells and values are clean of control characters.
 */
int listing_format(const struct listing *listing, const char *format, struct text *out,
                   struct error *err) MUST_CHECK;

/*
 * The objects of an `inspect`: as a JSON array, indented (`format` is NULL) or on one line
 * ("json"), else a template that is filled in once an object.
 */
int listing_format_objects(const struct json *array, const char *format, struct text *out,
                           struct error *err) MUST_CHECK;
