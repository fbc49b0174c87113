/* SPDX-License-Identifier: MIT */

/*
 * Configuration of a server
 */

#include "common/config.h"

#include <stdio.h>
#include <stdlib.h>

#include "util/error.h"
#include "util/parse.h"

int config_load(const struct config_row *rows, void *target, struct error *err)
{
    for (const struct config_row *row = rows; row->name; row++) {
        const char *text = getenv(row->name);
        void *member = member_at(target, row->offset);

        if (!text || *text == '\0')
            text = row->fallback;
        if (row->kind == CONFIG_TEXT)
            *(const char **)member = text;
        else if (parse_int(text, row->min, row->max, member, err) < 0)
            return error_wrap(err, "%s", row->name);
    }
    return 0;
}

void config_print(const struct config_row *rows)
{
    for (const struct config_row *row = rows; row->name; row++)
        printf("  %-20s %s Default: %s\n", row->name, row->doc,
               *row->fallback ? row->fallback : "empty");
}
