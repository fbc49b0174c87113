/* SPDX-License-Identifier: MIT */

/*
 * The replicas of one or several stacks, printed
 */

#include "cli/ps_list.h"

#include <stdlib.h>
#include <string.h>

#include "cli/container_find.h"
#include "cli/output.h"
#include "cli/replica_row.h"
#include "cli/table.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/text.h"

void ps_list_init(struct ps_list *list, const struct ps_list_options *options,
                  const struct strings *only)
{
    *list = (struct ps_list){ .options = options, .only = only, .rows = json_new_array() };
}

void ps_list_done(struct ps_list *list)
{
    json_free(list->rows);
    list->rows = NULL;
}

void ps_list_add(struct ps_list *list, const char *project, const struct json *stack)
{
    const struct json *replica = json_first(json_find(stack, "replicas"));

    for (; replica; replica = json_next(replica)) {
        const char *service = json_find_text(replica, "service", "");
        struct json *row;

        if (list->only->count > 0 && !strings_has(list->only, service))
            continue;
        if (!list->options->all && !replica_row_is_alive(replica))
            continue;
        row = json_new_object();
        json_set_text(row, "project", project);
        json_set(row, "replica", json_copy(replica));
        json_append(list->rows, row);
    }
}

static void format_lines(const struct ps_list *list, int64_t wall_ms, struct text *out)
{
    AUTO_STRINGS struct strings services = { 0 };
    const struct json *row = json_first(list->rows);

    for (; row; row = json_next(row)) {
        const struct json *replica = json_find(row, "replica");
        const char *service = json_find_text(replica, "service", "");
        AUTO(json) struct json *json = NULL;
        AUTO_FREE char *line = NULL;
        char id[CONTAINER_FIND_ID_SIZE];

        if (list->options->quiet) {
            container_find_id(json_find_text(row, "project", ""), replica, id);
            text_add_format(out, "%s\n", id);
        } else if (list->options->services) {
            if (!strings_has(&services, service))
                text_add_format(out, "%s\n", service);
            strings_add(&services, service);
        } else {
            json = replica_row_json(json_find_text(row, "project", ""), replica, wall_ms);
            line = json_print(json, false);
            text_add_format(out, "%s\n", line);
        }
    }
}

static void format_table(const struct ps_list *list, int64_t wall_ms, struct text *out)
{
    struct table table = { .headings = replica_row_headings };
    const struct json *row = json_first(list->rows);

    for (; row; row = json_next(row))
        replica_row_add(json_find(row, "replica"), wall_ms, &table);
    table_format(&table, out);
    table_done(&table);
}

int ps_list_print(const struct ps_list *list, struct error *err)
{
    const struct ps_list_options *options = list->options;
    AUTO_TEXT struct text out = { 0 };
    int64_t wall_ms = clock_wall_ms();

    if (options->quiet || options->services || strcmp(options->format, "json") == 0)
        format_lines(list, wall_ms, &out);
    else
        format_table(list, wall_ms, &out);
    return output_result(text_get(&out), err);
}
