/* SPDX-License-Identifier: MIT */

/*
 * Tables: cells in columns that are as wide as their widest cell
 */

#include "cli/table.h"

#include <assert.h>

#include "cli/output.h"
#include "util/alloc.h"
#include "util/cleanup.h"

#define GAP 3

static size_t count_columns(const struct table *table)
{
    size_t count = 0;

    while (table->headings[count])
        count++;
    return count;
}

static void add_row(struct text *out, const char *const *cells, const size_t *widths, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text_add(out, cells[i]);
        for (size_t w = output_width(cells[i]); i + 1 < count && w < widths[i] + GAP; w++)
            text_add_char(out, ' ');
    }
    while (out->length > 0 && out->data[out->length - 1] == ' ')
        out->data[--out->length] = '\0';
    text_add_char(out, '\n');
}

void table_add(struct table *table, const char *cell)
{
    strings_take(&table->cells, output_clean(cell));
}

void table_format(const struct table *table, struct text *out)
{
    size_t columns = count_columns(table);
    AUTO_FREE size_t *widths = alloc_array(size_t, columns);

    assert(columns > 0 && table->cells.count % columns == 0);
    for (size_t i = 0; i < columns; i++)
        widths[i] = output_width(table->headings[i]);
    for (size_t i = 0; i < table->cells.count; i++)
        widths[i % columns] = MAX(widths[i % columns], output_width(table->cells.items[i]));
    add_row(out, table->headings, widths, columns);
    for (size_t i = 0; i < table->cells.count; i += columns)
        add_row(out, (const char *const *)&table->cells.items[i], widths, columns);
}

void table_done(struct table *table)
{
    strings_done(&table->cells);
}
