/* SPDX-License-Identifier: MIT */

/*
 * What the tables say, for editors
 */

#include "stack/schema.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/tables.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/json.h"

/* ---- walking ---- */

#define OBJECTS_MAX 64

struct objects {
    const struct object *items[OBJECTS_MAX];
    size_t count;
};

static void collect(struct objects *objects, const struct object *object)
{
    for (size_t i = 0; i < objects->count; i++) {
        if (objects->items[i] == object)
            return;
    }
    assert(objects->count < OBJECTS_MAX);
    objects->items[objects->count++] = object;
    for (const struct field *field = object->fields; field->key; field++) {
        if (field->object)
            collect(objects, field->object);
    }
}

void schema_each_object(schema_visit_fn *visit, void *context)
{
    struct objects objects = { 0 };

    collect(&objects, &top_level_object);
    for (size_t i = 0; i < objects.count; i++)
        visit(objects.items[i], context);
}

/* "a config of a service" as "config_of_a_service". */
static char *identify(const struct object *object)
{
    const char *name = object->name;
    char *id = NULL;

    name += text_starts_with(name, "an ") ? 3 : text_starts_with(name, "a ") ? 2 : 0;
    id = alloc_text(name);
    for (char *p = id; *p; p++) {
        if (*p == ' ')
            *p = '_';
    }
    return id;
}

/* The row that a moved key goes to. */
static const struct field *find_target(const struct object *object, const char *path)
{
    AUTO_FREE char *copy = alloc_text(path);
    const struct field *field = NULL;
    char *rest = copy;

    for (char *key = strsep(&rest, "."); key && object; key = strsep(&rest, ".")) {
        field = field_find(object, key);
        object = field ? field->object : NULL;
    }
    return field;
}

/* ---- JSON schema ---- */

static struct json *types(const char *a, const char *b, const char *c)
{
    struct json *json = json_new_object();
    struct json *list = json_new_array();

    json_append_text(list, a);
    if (b)
        json_append_text(list, b);
    if (c)
        json_append_text(list, c);
    json_set(json, "type", list);
    return json;
}

static struct json *scalar(void)
{
    return types("string", "number", "boolean");
}

static struct json *reference(const struct object *object)
{
    AUTO_FREE char *id = identify(object);
    AUTO_FREE char *path = alloc_format("#/$defs/%s", id);
    struct json *json = json_new_object();

    json_set_text(json, "$ref", path);
    return json;
}

static struct json *any_of(struct json *a, struct json *b, struct json *c)
{
    struct json *json = json_new_object();
    struct json *list = json_new_array();

    json_append(list, a);
    if (b)
        json_append(list, b);
    if (c)
        json_append(list, c);
    json_set(json, "anyOf", list);
    return json;
}

static struct json *array_of(struct json *items)
{
    struct json *json = types("array", NULL, NULL);

    json_set(json, "items", items);
    return json;
}

static struct json *map_of(struct json *values)
{
    struct json *json = types("object", NULL, NULL);

    json_set(json, "additionalProperties", values);
    return json;
}

/* A word of the list, or one with a variable in it. */
static struct json *describe_choice(const struct field *field)
{
    struct json *words = json_new_object();
    struct json *list = json_new_array();
    struct json *variable = types("string", NULL, NULL);

    for (size_t i = 0; field->choices[i]; i++)
        json_append_text(list, field->choices[i]);
    json_set(words, "enum", list);
    json_set_text(variable, "pattern", "\\$");
    return any_of(words, variable, NULL);
}

static struct json *describe_int(const struct field *field)
{
    struct json *json = types("integer", "string", NULL);

    if (field->min == 0 && field->max == 0)
        return json;
    json_set_int(json, "minimum", field->min);
    if (field->max < INT64_MAX)
        json_set_int(json, "maximum", field->max);
    return json;
}

static struct json *describe_scalar(const struct field *field)
{
    if (field->kind == FIELD_INT)
        return describe_int(field);
    if (field->choices)
        return describe_choice(field);
    if (field->kind == FIELD_BOOL)
        return types("boolean", "string", NULL);
    if (field->kind == FIELD_STRING || field->kind == FIELD_PATH)
        return scalar();
    return types("string", "number", NULL);
}

static struct json *describe_nested(const struct field *field)
{
    struct json *inner = reference(field->object);

    if (field->kind == FIELD_OBJECT)
        return field->expand ? any_of(inner, scalar(), NULL) : inner;
    if (field->kind == FIELD_NAMED)
        return any_of(
            map_of(any_of(inner, types("null", NULL, NULL), field->expand ? scalar() : NULL)),
            array_of(types("string", NULL, NULL)), NULL);
    if (field->expand_items)
        return any_of(array_of(any_of(inner, scalar(), NULL)), scalar(), NULL);
    return array_of(inner);
}

static struct json *describe_own(const struct field *field)
{
    if (field_is_scalar(field))
        return describe_scalar(field);
    if (field->object)
        return describe_nested(field);
    if (field->kind == FIELD_MAP || field->joint)
        return any_of(map_of(any_of(scalar(), types("null", "array", NULL), NULL)),
                      array_of(scalar()), field->joint ? scalar() : NULL);
    if (field->kind == FIELD_LIST || field->kind == FIELD_COMMAND || field->kind == FIELD_TEST)
        return any_of(scalar(), array_of(scalar()), types("null", NULL, NULL));
    return json_new_object();
}

/* A moved key is described by the row it goes to. */
static struct json *describe(const struct object *object, const struct field *field)
{
    const struct field *target = NULL;

    if (field->kind != FIELD_MOVED)
        return describe_own(field);
    if (field->expand_items)
        return any_of(scalar(), array_of(scalar()), NULL);
    target = find_target(object, field->moves_to);
    return target ? describe_own(target) : json_new_object();
}

static struct json *describe_field(const struct object *object, const struct field *field)
{
    struct json *json = describe(object, field);

    json_set_text(json, "description", field->doc);
    if (field->fallback)
        json_set_text(json, "default", field->fallback);
    return json;
}

static struct json *describe_object(const struct object *object)
{
    struct json *json = types("object", NULL, NULL);
    struct json *properties = json_new_object();
    struct json *pattern = json_new_object();
    struct json *required = json_new_array();

    json_set_text(json, "description", object->doc);
    for (const struct field *field = object->fields; field->key; field++) {
        AUTO_FREE char *own = alloc_format("x-carte-%s", field->key);

        json_set(properties, field->key, describe_field(object, field));
        if (field->own)
            json_set(properties, own, describe_field(object, field));
        if (field->required)
            json_append_text(required, field->key);
    }
    json_set(json, "properties", properties);
    json_set(pattern, "^x-", json_new_object());
    json_set(json, "patternProperties", pattern);
    json_set_bool(json, "additionalProperties", false);
    json_set(json, "required", required);
    return json;
}

static void add_definition(const struct object *object, void *context)
{
    AUTO_FREE char *id = identify(object);

    if (object != &top_level_object)
        json_set(context, id, describe_object(object));
}

void schema_write_json(struct text *out)
{
    AUTO(json) struct json *schema = describe_object(&top_level_object);
    struct json *definitions = json_new_object();
    AUTO_FREE char *printed = NULL;

    json_set_text(schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_set_text(schema, "title", "A stack file of carte-stack");
    schema_each_object(add_definition, definitions);
    json_set(schema, "$defs", definitions);
    printed = json_print(schema, true);
    text_add(out, printed);
    text_add_char(out, '\n');
}

static void add_words(const struct object *object, void *context)
{
    for (const struct field *field = object->fields; field->key; field++) {
        text_add_format(context, "\"%s:\"\n", field->key);
        for (size_t i = 0; field->choices && field->choices[i]; i++)
            text_add_format(context, "\"%s\"\n", field->choices[i]);
    }
}

void schema_write_dictionary(struct text *out)
{
    text_add(out, "# Written by `make generate` from the tables in src/stack/.\n");
    schema_each_object(add_words, out);
}
