/* SPDX-License-Identifier: MIT */

/*
 * Rows of a list
 */

#include "cli/listing.h"

#include <string.h>

#include "cli/table.h"
#include "cli/template.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/strings.h"

static void split_cells(const char *line, struct strings *cells)
{
    for (;;) {
        size_t length = strcspn(line, "\t");

        strings_take(cells, alloc_text_part(line, length));
        if (!line[length])
            return;
        line += length + 1;
    }
}

/* The template with the headings as values is the first line. */
static int format_headings(const struct listing *listing, const char *template_text,
                           struct strings *headings, struct error *err)
{
    AUTO(json) struct json *names = json_new_object();
    AUTO_TEXT struct text line = { 0 };

    for (const struct listing_column *c = listing->columns; c->key; c++)
        json_set_text(names, c->key, c->heading);
    if (template_format(template_text, names, &line, err) < 0)
        return -1;
    split_cells(text_get(&line), headings);
    return 0;
}

static int add_cells(struct table *table, size_t columns, const char *template_text,
                     const struct json *row, struct error *err)
{
    AUTO_TEXT struct text line = { 0 };
    AUTO_STRINGS struct strings cells = { 0 };

    if (template_format(template_text, row, &line, err) < 0)
        return -1;
    split_cells(text_get(&line), &cells);
    for (size_t i = 0; i < columns; i++)
        table_add(table, i < cells.count ? cells.items[i] : "");
    return 0;
}

static int format_table(const struct listing *listing, const char *template_text, struct text *out,
                        struct error *err)
{
    AUTO_STRINGS struct strings headings = { 0 };
    struct table table = { 0 };
    int result = 0;

    if (format_headings(listing, template_text, &headings, err) < 0)
        return -1;
    table.headings = (const char *const *)headings.items;
    for (const struct json *r = json_first(listing->rows); r && result == 0; r = json_next(r))
        result = add_cells(&table, headings.count, template_text, r, err);
    if (result == 0)
        table_format(&table, out);
    table_done(&table);
    return result;
}

int listing_format(const struct listing *listing, const char *format, struct text *out,
                   struct error *err)
{
    const char *line = strcmp(format, "json") == 0 ? "{{json .}}" : format;

    if (strcmp(format, "table") == 0)
        return format_table(listing, listing->table, out, err);
    if (text_starts_with(format, "table "))
        return format_table(listing, format + strlen("table "), out, err);
    for (const struct json *r = json_first(listing->rows); r; r = json_next(r)) {
        if (template_format(line, r, out, err) < 0)
            return -1;
        text_add_char(out, '\n');
    }
    return 0;
}

int listing_format_objects(const struct json *array, const char *format, struct text *out,
                           struct error *err)
{
    AUTO_FREE char *printed = NULL;

    if (!format || strcmp(format, "json") == 0) {
        printed = json_print(array, !format);
        text_add_format(out, "%s\n", printed);
        return 0;
    }
    for (const struct json *o = json_first(array); o; o = json_next(o)) {
        if (template_format(format, o, out, err) < 0)
            return -1;
        text_add_char(out, '\n');
    }
    return 0;
}
