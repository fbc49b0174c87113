/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "util/error.h"
#include "util/json.h"

static struct json *parse(const char *text)
{
    struct error err = { 0 };
    struct json *json = json_parse(text, strlen(text), &err);

    if (!json)
        fail_msg("%s: %s", text, err.text);
    return json;
}

static void values_are_printed_as_they_were_read(void **state)
{
    static const char *const same[] = {
        "null",
        "true",
        "false",
        "0",
        "-7",
        "18446744073709551615",
        "-18446744073709551615",
        "9007199254740993",
        "0.1",
        "1e+300",
        "\"\"",
        "\"a\\\"b\\\\c\\b\\f\\n\\r\\t\\u0001\x7f\xc3\xa4\xff/\"",
        "[]",
        "{}",
        "[1,[2,[]],{\"a\":{\"b\":[null]}},\"c\"]",
        "{\"b\":1,\"a\":2,\"b\":3}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
        AUTO(json) struct json *json = parse(same[i]);
        AUTO(json) struct json *copy = json_copy(json);
        AUTO_FREE char *printed = json_print(copy, false);

        assert_string_equal(printed, same[i]);
    }
}

static void printed_for_people_each_member_has_its_line(void **state)
{
    AUTO(json) struct json *json = parse(" { \"a\" : [ 1 , { \"b\" : { } } ] , \"c\" : 1.50 } ");
    AUTO_FREE char *printed = json_print(json, true);

    (void)state;
    assert_string_equal(
        printed,
        "{\n    \"a\": [\n        1,\n        {\n            \"b\": {\n\n            }\n        }\n"
        "    ],\n    \"c\": 1.5\n}");
}

static void escapes_become_utf_8(void **state)
{
    AUTO(json)
    struct json *json = parse("\"\\u0041\\u00e4\\u20ac\\ud83d\\ude00\\/\\\"\\\\\\b\\f\\n\\r\\t\"");

    (void)state;
    assert_string_equal(json_get_text(json, ""),
                        "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80/\"\\\b\f\n\r\t");
}

static void what_is_not_json_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "", "not JSON before byte 0" },        { "  ", "not JSON before byte 2" },
        { "nul", "not JSON before byte 3" },     { "truex", "not JSON before byte 5" },
        { "01", "not JSON before byte 2" },      { "-", "not JSON before byte 1" },
        { "+1", "not JSON before byte 1" },      { ".5", "not JSON before byte 1" },
        { "1.", "not JSON before byte 2" },      { "1e", "not JSON before byte 2" },
        { "0x10", "not JSON before byte 2" },    { "[1,]", "not JSON before byte 4" },
        { "[1 2]", "not JSON before byte 4" },   { "[1", "not JSON before byte 2" },
        { "{\"a\"}", "not JSON before byte 5" }, { "{\"a\":1,}", "not JSON before byte 8" },
        { "{a:1}", "not JSON before byte 2" },   { "{\"a\":}", "not JSON before byte 6" },
        { "\"a", "not JSON before byte 2" },     { "\"a\\", "not JSON before byte 3" },
        { "\"\\\"", "not JSON before byte 3" },  { "\"a\nb\"", "not JSON before byte 2" },
        { "\"\\x\"", "not JSON before byte 2" }, { "\"\\u12g4\"", "not JSON before byte 5" },
        { "1 2", "not JSON before byte 3" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error err = { 0 };
        AUTO(json) struct json *json = json_parse(cases[i].text, strlen(cases[i].text), &err);

        if (json)
            fail_msg("accepted: %s", cases[i].text);
        assert_int_equal(err.code, ERROR_INVALID);
        assert_string_equal(err.text, cases[i].message);
        error_clear(&err);
    }
}

/* Each prefix lies in memory that ends with it, where a sanitizer sees a byte too many. */
static void a_document_that_is_cut_is_refused(void **state)
{
    static const char whole[] = "{\"a\":[1.5e3,true,null,\"\\u20ac\\n\",{}],\"b\":-12}";

    (void)state;
    for (size_t length = 0; length < sizeof(whole) - 1; length++) {
        AUTO_FREE char *part = malloc(length + (length == 0));
        struct error err = { 0 };

        memcpy(part, whole, length);
        assert_null(json_parse(part, length, &err));
        error_clear(&err);
    }
}

static void nesting_has_a_limit(void **state)
{
    char text[2 * JSON_DEPTH_MAX + 3] = { 0 };
    struct error err = { 0 };
    struct json *json = NULL;

    (void)state;
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    json = parse(text);
    json_free(json);
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    assert_null(json_parse(text, strlen(text), &err));
    assert_string_equal(err.text, "JSON is nested deeper than 64");
    error_clear(&err);
}

static void a_nul_cuts_a_text_or_is_refused(void **state)
{
    static const char text[] = "[\"a\\u0000b\"]";
    AUTO(json) struct json *json = parse(text);
    struct error err = { 0 };

    (void)state;
    assert_string_equal(json_get_text(json_first(json), ""), "a");
    assert_null(json_parse_exact(text, strlen(text), &err));
    assert_string_equal(err.text, "a text with a NUL before byte 11");
    error_clear(&err);
    assert_null(json_parse_exact("{}\0[", 4, &err));
    assert_string_equal(err.text, "a NUL at byte 2");
    error_clear(&err);
}

static void documents_of_others_are_utf_8(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "[\"a\xff\"]", "not UTF-8 at byte 3" },
        { "\"\xc0\xaf\"", "not UTF-8 at byte 1" },
        { "\"\\ude00\"", "a text that is not UTF-8 before byte 8" },
        { "{\"\\ude00\":1}", "a text that is not UTF-8 before byte 9" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error err = { 0 };

        assert_null(json_parse_exact(cases[i].text, strlen(cases[i].text), &err));
        assert_string_equal(err.text, cases[i].message);
        error_clear(&err);
    }
}

static void whole_numbers_keep_all_digits(void **state)
{
    AUTO(json)
    struct json *json = parse("[9007199254740993,-9223372036854775808,1e3,1.5,18446744073709551616,"
                              "9223372036854775808]");
    const struct json *item = json_first(json);
    struct json_integer number;

    (void)state;
    assert_true(json_read_integer(item, &number));
    assert_true(number.magnitude == 9007199254740993 && !number.is_negative);
    assert_true(json_get_int(item, 0) == 9007199254740993);
    item = json_next(item);
    assert_true(json_get_int(item, 0) == INT64_MIN);
    item = json_next(item);
    assert_true(json_read_integer(item, &number) && number.magnitude == 1000);
    item = json_next(item);
    assert_false(json_read_integer(item, &number));
    assert_true(json_get_int(item, 0) == 1 && json_get_number(item, 0) == 1.5);
    item = json_next(item);
    assert_true(json_is_number(item) && !json_read_integer(item, &number));
    assert_true(json_get_int(item, -1) == -1);
    item = json_next(item);
    assert_true(json_read_integer(item, &number) && json_get_int(item, -1) == -1);
}

static void members_are_set_found_and_replaced(void **state)
{
    AUTO(json) struct json *json = json_new_object();
    struct json *list = json_new_array();
    AUTO_FREE char *printed = NULL;

    (void)state;
    json_set_text(json, "a", "x");
    json_set_int(json, "b", INT64_MIN);
    json_set_bool(json, "c", true);
    json_set_number(json, "d", 2.5);
    json_append_text(list, "y");
    json_append_text(list, NULL);
    json_set(json, "a", list);
    json_set_int(json, "d", 3);
    json_set_int(json, "e", 4);
    printed = json_print(json, false);
    assert_string_equal(
        printed, "{\"b\":-9223372036854775808,\"c\":true,\"a\":[\"y\",null],\"d\":3,\"e\":4}");
    assert_int_equal(json_count(json), 5);
    assert_int_equal(json_count(json_find(json, "a")), 2);
    assert_string_equal(json_key(json_first(json)), "b");
    assert_null(json_find(json, "A"));
    assert_null(json_find(NULL, "a"));
    assert_null(json_first(json_find(json, "b")));
    assert_int_equal(json_find_int(json, "c", 9), 9);
    assert_true(json_find_bool(json, "c", false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_printed_as_they_were_read),
        cmocka_unit_test(printed_for_people_each_member_has_its_line),
        cmocka_unit_test(escapes_become_utf_8),
        cmocka_unit_test(what_is_not_json_is_refused_with_its_place),
        cmocka_unit_test(a_document_that_is_cut_is_refused),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(a_nul_cuts_a_text_or_is_refused),
        cmocka_unit_test(documents_of_others_are_utf_8),
        cmocka_unit_test(whole_numbers_keep_all_digits),
        cmocka_unit_test(members_are_set_found_and_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
