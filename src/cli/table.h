/* SPDX-License-Identifier: MIT */

/*
 * Tables: cells in columns that are as wide as their widest cell
 *
 * Cells are cleaned of control characters when they are added.
 */

#pragma once

#include <stddef.h>

#include "util/strings.h"
#include "util/text.h"

struct table {
    const char *const *headings; /* ended by NULL; borrowed */
    struct strings cells;        /* row by row */
};

void table_add(struct table *table, const char *cell); /* NULL: an empty one */

/* The headings and the rows, columns three blanks apart; a last row must be complete. */
void table_format(const struct table *table, struct text *out);
void table_done(struct table *table);
