/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "stack/interpolate.h"
#include "util/error.h"
#include "util/text.h"

static int run(const char *text, struct text *out, struct error *err)
{
    struct strings_map variables = { 0 };
    struct interpolate_scope scope = { &variables, NULL, 100000 };
    int result = 0;

    strings_map_set(&variables, "SET", "value");
    strings_map_set(&variables, "EMPTY", "");
    strings_map_set(&variables, "_a1", "x");
    result = interpolate_text(text, &scope, out, err);
    strings_map_done(&variables);
    return result;
}

static void all_forms_are_known(void **state)
{
    static const struct {
        const char *text, *result;
    } cases[] = {
        { "plain", "plain" },
        { "$SET", "value" },
        { "${SET}", "value" },
        { "a${SET}b$_a1-c", "avaluebx-c" },
        { "$NONE|${NONE}", "|" },
        { "$$SET $${SET}", "$SET ${SET}" },
        { "5$ $1 $", "5$ $1 $" },
        { "${NONE:-d}", "d" },
        { "${EMPTY:-d}", "d" },
        { "${EMPTY-d}", "" },
        { "${NONE-d}", "d" },
        { "${SET:-d}", "value" },
        { "${SET:-}", "value" },
        { "${SET:+o}", "o" },
        { "${EMPTY:+o}", "" },
        { "${EMPTY+o}", "o" },
        { "${NONE+o}", "" },
        { "${SET:?m}", "value" },
        { "${EMPTY?m}", "" },
        { "${NONE:-${SET:-x}}", "value" },
        { "${NONE:-a${NONE:-b}c}", "abc" },
        { "${SET:-${NONE:?never asked}}", "value" },
        { "${NONE:-a$$b}", "a$b" },
        { "${NONE:-http://x:80/}", "http://x:80/" },
        { "{\"a\": \"${SET}\"}", "{\"a\": \"value\"}" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_TEXT struct text out = { 0 };
        struct error err = { 0 };

        assert_int_equal(run(cases[i].text, &out, &err), 0);
        assert_string_equal(text_get(&out), cases[i].result);
    }
}

static void mistakes_are_refused(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "${", "does not name" },
        { "${}", "does not name" },
        { "${SET", "not closed" },
        { "${NONE:-a", "not closed" },
        { "${NONE:-${SET}", "not closed" },
        { "${SET/a/b}", "no operator" },
        { "${1}", "does not name" },
        { "${NONE:?say so}", "required variable NONE is missing a value: say so" },
        { "${EMPTY:?}", "required variable EMPTY" },
        { "${NONE:?${SET} needed}", "value needed" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_TEXT struct text out = { 0 };
        struct error err = { 0 };

        assert_int_equal(run(cases[i].text, &out, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        assert_non_null(strstr(err.text, cases[i].says));
    }
}

static void nesting_and_growth_are_limited(void **state)
{
    AUTO_TEXT struct text deep = { 0 };
    AUTO_TEXT struct text wide = { 0 };
    AUTO_TEXT struct text out = { 0 };
    struct error err = { 0 };

    (void)state;
    for (int i = 0; i < 10000; i++)
        text_add(&deep, "${A:-");
    assert_int_equal(run(text_get(&deep), &out, &err), -1);
    error_clear(&err);
    for (int i = 0; i < 30000; i++)
        text_add(&wide, "$SET");
    assert_int_equal(run(text_get(&wide), &out, &err), -1);
    assert_non_null(strstr(err.text, "too large"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_forms_are_known),
        cmocka_unit_test(mistakes_are_refused),
        cmocka_unit_test(nesting_and_growth_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
