/* SPDX-License-Identifier: MIT */

/*
 * Walks every row of every table of the stack file.
 */

#include "unit.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "stack/field.h"
#include "stack/schema.h"
#include "stack/schema_reference.h"
#include "stack/tables.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/json.h"
#include "util/text.h"

static size_t visited;

static void check_sentence(const struct object *object, const char *key, const char *doc)
{
    if (!doc || strlen(doc) < 4 || doc[strlen(doc) - 1] != '.' || strchr(doc, '|') ||
        !(isupper((unsigned char)*doc) || *doc == '`'))
        fail_msg("%s, %s: '%s' is no sentence", object->name, key, doc ? doc : "");
}

static void check_key(const struct object *object, const struct field *field)
{
    for (const char *p = field->key; *p; p++) {
        if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '_')
            fail_msg("%s, %s: not snake_case", object->name, field->key);
    }
    for (const struct field *other = object->fields; other != field; other++) {
        if (strcmp(other->key, field->key) == 0)
            fail_msg("%s: two rows are called %s", object->name, field->key);
    }
}

static void check_fallback(const struct object *object, const struct field *field)
{
    struct field copy = *field;
    struct error err = { 0 };
    AUTO_TEXT struct text text = { 0 };
    union {
        int64_t number;
        char *string;
        unsigned char bytes[32];
    } scratch = { 0 };

    if (!field->fallback || !field_is_scalar(field))
        return;
    copy.offset = 0;
    copy.companion = 16;
    if (field_decode_text(&copy, field->fallback, &scratch, &err) < 0)
        fail_msg("%s, %s: %s", object->name, field->key, err.text);
    /* What is written for it reads back the same. */
    assert_true(field_format_text(&copy, &scratch, &text) || field->kind == FIELD_BYTES);
    if (text.length > 0)
        assert_int_equal(field_decode_text(&copy, text_get(&text), &scratch, &err), 0);
    if (field->kind == FIELD_STRING || field->kind == FIELD_PATH)
        free(scratch.string);
}

static void check_target(const struct object *object, const struct field *field)
{
    AUTO_FREE char *copy = field->moves_to ? alloc_text(field->moves_to) : alloc_text("");
    char *rest = copy;

    if (field->kind != FIELD_MOVED)
        return;
    for (char *key = strsep(&rest, "."); key; key = strsep(&rest, ".")) {
        const struct field *target = object ? field_find(object, key) : NULL;

        if (!target)
            fail_msg("%s moves to %s, which does not exist", field->key, field->moves_to);
        object = target ? target->object : NULL;
    }
}

static void check_object(const struct object *object, void *context)
{
    (void)context;
    visited++;
    check_sentence(object, "(the object)", object->doc);
    for (const struct field *field = object->fields; field->key; field++) {
        check_sentence(object, field->key, field->doc);
        check_key(object, field);
        check_fallback(object, field);
        check_target(object, field);
        if ((field->kind == FIELD_CHOICE || field->kind == FIELD_EITHER) != !!field->choices)
            fail_msg("%s, %s: choices and kind differ", object->name, field->key);
        if (field->kind >= FIELD_OBJECT && field->kind <= FIELD_NAMED)
            assert_non_null(field->object);
        /* A default that is a word is expanded, and compared in a struct of its own. */
        if (field->kind == FIELD_OBJECT && field->fallback)
            assert_true(field->expand && field->object->size > 0);
    }
    for (size_t i = 0; object->identity && object->identity[i]; i++)
        assert_non_null(field_find(object, object->identity[i]));
}

static void every_row_is_whole(void **state)
{
    (void)state;
    schema_each_object(check_object, NULL);
    assert_true(visited > 20);
}

static void own_keys_are_found_under_both_names(void **state)
{
    (void)state;
    assert_ptr_equal(field_find(&service_object, "autoscale"),
                     field_find(&service_object, "x-carte-autoscale"));
    assert_null(field_find(&service_object, "x-carte-image"));
    assert_null(field_find(&service_object, "x-other"));
}

static void the_schema_is_json(void **state)
{
    AUTO_TEXT struct text text = { 0 };
    AUTO(json) struct json *schema = NULL;
    struct error err = { 0 };

    (void)state;
    schema_write_json(&text);
    schema = json_parse(text_get(&text), text.length, &err);
    assert_non_null(schema);
    assert_non_null(json_find(json_find(schema, "properties"), "services"));
    assert_non_null(json_find(json_find(schema, "$defs"), "service"));
}

static void the_reference_names_every_key(void **state)
{
    AUTO_TEXT struct text text = { 0 };

    (void)state;
    schema_reference_write(&text);
    for (const struct field *field = service_object.fields; field->key; field++) {
        AUTO_FREE char *quoted = alloc_format("`%s`", field->key);

        assert_non_null(strstr(text_get(&text), quoted));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(own_keys_are_found_under_both_names),
        cmocka_unit_test(the_schema_is_json),
        cmocka_unit_test(the_reference_names_every_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
