/* SPDX-License-Identifier: MIT */

/*
 * The reference of all keys, in Markdown
 */

#include <string.h>

#include "stack/schema.h"
#include "stack/schema_reference.h"

static const char *const kinds[FIELD_KIND_COUNT] = {
    [FIELD_STRING] = "text",
    [FIELD_PATH] = "path",
    [FIELD_INT] = "whole number",
    [FIELD_COUNT] = "whole number",
    [FIELD_BOOL] = "true or false",
    [FIELD_DURATION] = "duration",
    [FIELD_BYTES] = "size",
    [FIELD_MILLIS] = "number",
    [FIELD_CPUS] = "number",
    [FIELD_MODE] = "octal mode",
    [FIELD_ID] = "number of a user or group",
    [FIELD_PORT] = "port",
    [FIELD_PORTS] = "port or range",
    [FIELD_LIST] = "list of texts",
    [FIELD_MAP] = "texts by name",
    [FIELD_COMMAND] = "words",
    [FIELD_TEST] = "words",
    [FIELD_OBJECT] = "",
    [FIELD_ONLY] = "list of one: ",
    [FIELD_OBJECTS] = "list: ",
    [FIELD_NAMED] = "by name: ",
    [FIELD_MOVED] = "see ",
    [FIELD_QUIET] = "anything",
};

static void add_kind(const struct field *field, struct text *out)
{
    if (field->choices) {
        for (size_t i = 0; field->choices[i]; i++)
            text_add_format(out, "%s`%s`", i > 0 ? ", " : "", field->choices[i]);
        return;
    }
    text_add(out, kinds[field->kind]);
    if (field->object)
        text_add_format(out, "[%s](#%s)", field->object->name, field->object->name);
    else if (field->kind == FIELD_MOVED)
        text_add_format(out, "`%s`", field->moves_to);
}

/* Links to headings have hyphens for blanks. */
static void fix_link(struct text *out, size_t start)
{
    char *link = out->data ? strstr(out->data + start, "(#") : NULL;

    for (; link && *link != ')'; link++) {
        if (*link == ' ')
            *link = '-';
    }
}

static void add_row(const struct field *field, struct text *out)
{
    size_t start = out->length;

    text_add_format(out, "| `%s` | ", field->key);
    add_kind(field, out);
    fix_link(out, start);
    if (field->required)
        text_add(out, " | required");
    else if (field->fallback)
        text_add_format(out, " | `%s`", field->fallback);
    else
        text_add(out, " | ");
    text_add_format(out, " | %s%s |\n", field->doc,
                    field->own ? " (carte-stack's own key; also with `x-carte-` in front.)" : "");
}

static void add_later(const struct object *object, struct text *out)
{
    bool begun = false;

    for (const struct field *field = object->fields; field->key; field++) {
        if (field->kind != FIELD_LATER)
            continue;
        text_add_format(out, "%s`%s`",
                        begun ? ", " : "\nKnown, and without effect so far: ", field->key);
        begun = true;
    }
    if (begun)
        text_add(out, ".\n");
}

static void add_object(const struct object *object, void *context)
{
    struct text *out = context;

    text_add_format(out,
                    "\n## %s\n\n%s\n\n| key | value | default | meaning |\n|---|---|---|---|\n",
                    object->name, object->doc);
    for (const struct field *field = object->fields; field->key; field++) {
        if (field->kind != FIELD_LATER)
            add_row(field, out);
    }
    add_later(object, out);
}

void schema_reference_write(struct text *out)
{
    text_add(out,
             "# The stack file\n\n"
             "Written by `make generate` from the tables in `src/stack/`; do not edit.\n\n"
             "Durations are written as `250ms`, `10s` or `1m30s`, sizes as `64M` or `1.5G` in "
             "units of 1024. Any value may hold variables: `${NAME}`, `${NAME:-default}`, "
             "`${NAME:?message}`, `${NAME:+other}`; `$$` is a dollar sign. Keys that begin with "
             "`x-` are ignored, an unknown key is a mistake.\n");
    schema_each_object(add_object, out);
}
