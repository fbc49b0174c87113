/* SPDX-License-Identifier: MIT */

/*
 * What the user sees: results on stdout, everything else on stderr
 *
 * Text that comes from containers, images or files of others passes output_add_clean() on its
 * way to a table or message, so that it cannot drive the terminal.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/macro.h"
#include "util/text.h"

struct error;

enum output_style { OUTPUT_PLAIN, OUTPUT_BOLD, OUTPUT_RED, OUTPUT_GREEN, OUTPUT_YELLOW };

/* Is colour wanted on `fd`? A terminal, NO_COLOR is empty, TERM is not dumb. */
bool output_has_colour(int fd);

/* Columns and lines of the terminal at `fd`; 80 and 24 where it does not say. */
void output_terminal_size(int fd, size_t *columns_out, size_t *lines_out);

/* Write all of `text` to stdout. A reader that has gone away is a failure like any other. */
int output_result(const char *text, struct error *err) MUST_CHECK;

/* "carte-stack: text" on stderr; with `label`, "carte-stack: error: text". */
void output_message(const char *label, enum output_style style, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* One of several things has failed: tell of the failure before, in *err, and keep the new one. */
void output_keep_last(struct error *err, const struct error *failure);

/* The name that messages begin with. */
void output_set_program(const char *name);

/* Add `string` without control characters: C0, DEL, C1 and bytes that are no UTF-8 become '?'. */
void output_add_clean(struct text *out, const char *string);

/*
 * The same of a line of `length` bytes that may have tabs and colours (SGR sequences), which end
 * with it. A carriage return at its end is left out.
 */
void output_add_coloured(struct text *out, const char *bytes, size_t length);

/* What output_add_clean() adds as a string of its own, which the caller frees; NULL gives "". */
char *output_clean(const char *string) MUST_CHECK;

/* How many columns `string` takes: one for each UTF-8 character. */
size_t output_width(const char *string);

/* The longest beginning of `string` of at most `columns` columns, in bytes. */
size_t output_fit(const char *string, size_t columns);
