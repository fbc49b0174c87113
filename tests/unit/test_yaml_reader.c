/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "stack/yaml_reader.h"
#include "util/text.h"

static struct node *read_text(const char *text, struct diagnostics *diagnostics)
{
    const char *file = diagnostic_add_source(diagnostics, "test.yaml", text, strlen(text));

    return yaml_reader_read(file, text, strlen(text), diagnostics);
}

static void scalars_follow_the_core_schema(void **state)
{
    struct diagnostics diagnostics = { 0 };
    AUTO(node)
    struct node *documents = read_text(
        "a: 22:22\nb: yes\nc: 0755\nd: ~\ne: \"\"\nf: null\ng: \"null\"\nh:\n", &diagnostics);
    const struct node *map = NULL;

    (void)state;
    assert_non_null(documents);
    map = documents->children[0].value;
    assert_string_equal(node_find_text(map, "a"), "22:22");
    assert_string_equal(node_find_text(map, "b"), "yes");
    assert_string_equal(node_find_text(map, "c"), "0755");
    assert_int_equal(node_find(map, "d")->kind, NODE_NULL);
    assert_string_equal(node_find_text(map, "e"), "");
    assert_int_equal(node_find(map, "f")->kind, NODE_NULL);
    assert_string_equal(node_find_text(map, "g"), "null");
    assert_int_equal(node_find(map, "h")->kind, NODE_NULL);
    diagnostic_done(&diagnostics);
}

static void places_count_from_one(void **state)
{
    struct diagnostics diagnostics = { 0 };
    AUTO(node) struct node *documents = read_text("a:\n  - x\n  - {b: y}\n", &diagnostics);
    const struct node *list = NULL;

    (void)state;
    assert_non_null(documents);
    list = node_find(documents->children[0].value, "a");
    assert_int_equal(list->children[0].value->place.line, 2);
    assert_int_equal(list->children[0].value->place.column, 5);
    assert_int_equal(node_find(list->children[1].value, "b")->place.column, 9);
    assert_string_equal(list->place.file, "test.yaml");
    diagnostic_done(&diagnostics);
}

static void merge_keys_fill_what_is_missing(void **state)
{
    struct diagnostics diagnostics = { 0 };
    AUTO(node)
    struct node *documents = read_text("a: &a {x: 1, y: 1}\n"
                                       "b: &b {y: 2, z: 2}\n"
                                       "c: {<<: [*a, *b], x: 3}\n"
                                       "d: {<<: *b}\n",
                                       &diagnostics);
    const struct node *map = NULL;

    (void)state;
    assert_non_null(documents);
    map = documents->children[0].value;
    assert_string_equal(node_find_text(node_find(map, "c"), "x"), "3");
    assert_string_equal(node_find_text(node_find(map, "c"), "y"), "1");
    assert_string_equal(node_find_text(node_find(map, "c"), "z"), "2");
    assert_string_equal(node_find_text(node_find(map, "d"), "z"), "2");
    diagnostic_done(&diagnostics);
}

static void each_document_has_its_own_anchors(void **state)
{
    struct diagnostics diagnostics = { 0 };
    AUTO(node) struct node *three = read_text("a: 1\n---\n---\nb: 2\n", &diagnostics);
    AUTO(node) struct node *alias = read_text("a: &x 1\n---\nb: *x\n", &diagnostics);

    (void)state;
    assert_non_null(three);
    assert_int_equal(three->count, 2);
    assert_null(alias);
    assert_int_equal(diagnostics.items[0].line, 3);
    diagnostic_done(&diagnostics);
}

static void all_doubled_keys_are_reported(void **state)
{
    struct diagnostics diagnostics = { 0 };
    AUTO(node) struct node *documents = read_text("a: 1\nb: {c: 1,\n  c: 2}\na: 3\n", &diagnostics);

    (void)state;
    assert_null(documents);
    assert_int_equal(diagnostics.error_count, 2);
    assert_int_equal(diagnostics.items[0].line, 3);
    assert_non_null(strstr(diagnostics.items[1].text, "line 1"));
    diagnostic_done(&diagnostics);
}

static void expect_refused(const char *text, const char *says)
{
    struct diagnostics diagnostics = { 0 };
    AUTO(node) struct node *documents = read_text(text, &diagnostics);

    assert_null(documents);
    assert_int_equal(diagnostics.error_count, 1);
    if (!strstr(diagnostics.items[0].text, says))
        fail_msg("'%s' does not say '%s'", diagnostics.items[0].text, says);
    diagnostic_done(&diagnostics);
}

static void s20_aliases_cannot_multiply_without_end(void **state)
{
    AUTO_TEXT struct text text = { 0 };

    (void)state;
    text_add(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 12; i++) {
        text_add_format(&text, "a%d: &a%d [", i, i);
        for (int n = 0; n < 9; n++)
            text_add_format(&text, "*a%d,", i - 1);
        text_add(&text, "]\n");
    }
    expect_refused(text_get(&text), "more than 200000 values");
}

static void s20_long_texts_cannot_multiply_either(void **state)
{
    AUTO_TEXT struct text text = { 0 };

    (void)state;
    text_add(&text, "a: &a \"");
    for (int i = 0; i < 20000; i++)
        text_add(&text, "0123456789");
    text_add(&text, "\"\nb: [");
    for (int i = 0; i < 1000; i++)
        text_add(&text, "*a,");
    text_add(&text, "]\n");
    expect_refused(text_get(&text), "more than");
}

static void s20_depth_is_limited(void **state)
{
    AUTO_TEXT struct text text = { 0 };

    (void)state;
    for (int i = 0; i < 5000; i++)
        text_add_char(&text, '[');
    expect_refused(text_get(&text), "64 levels");
}

static void s20_keys_of_one_mapping_are_limited(void **state)
{
    AUTO_TEXT struct text text = { 0 };

    (void)state;
    for (int i = 0; i < 10010; i++)
        text_add_format(&text, "k%d: 1\n", i);
    expect_refused(text_get(&text), "more than 10000 keys");
}

static void what_is_no_yaml_is_refused(void **state)
{
    (void)state;
    expect_refused("a: [1\n", "not YAML");
    expect_refused("\xff\xfe\xfa", "not YAML");
    expect_refused("a: \"\\0\"\n", "NUL");
    expect_refused("? [a]\n: 1\n", "a key must be a word");
    expect_refused("a: &a [*a]\n", "no anchor");
    expect_refused("a: {<<: text}\n", "takes a mapping");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_follow_the_core_schema),
        cmocka_unit_test(places_count_from_one),
        cmocka_unit_test(merge_keys_fill_what_is_missing),
        cmocka_unit_test(each_document_has_its_own_anchors),
        cmocka_unit_test(all_doubled_keys_are_reported),
        cmocka_unit_test(s20_aliases_cannot_multiply_without_end),
        cmocka_unit_test(s20_long_texts_cannot_multiply_either),
        cmocka_unit_test(s20_depth_is_limited),
        cmocka_unit_test(s20_keys_of_one_mapping_are_limited),
        cmocka_unit_test(what_is_no_yaml_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
