/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "stack/dotenv.h"
#include "util/text.h"

static void read_text(const char *text, bool raw, struct strings_map *out,
                      struct diagnostics *diagnostics)
{
    const char *file = diagnostic_add_source(diagnostics, ".env", text, strlen(text));
    struct strings_map variables = { 0 };
    struct dotenv_options options = { .variables = &variables, .raw = raw };

    strings_map_set(&variables, "OUTER", "outside");
    dotenv_read(file, text, &options, out, diagnostics);
    strings_map_done(&variables);
}

static void lines_have_many_spellings(void **state)
{
    static const struct {
        const char *text, *value;
    } cases[] = {
        { "K=v", "v" },
        { "K=", "" },
        { "K: v", "v" },
        { "export K=v", "v" },
        { "  K = v  ", "v" },
        { "K=v # a comment", "v" },
        { "K=v#no", "v#no" },
        { "K=#", "" },
        { "K='a $OUTER \\n'", "a $OUTER \\n" },
        { "K=\"a\\nb\\t\\\"c\\\"\"", "a\nb\t\"c\"" },
        { "K=\"$OUTER \\$OUTER\"", "outside $OUTER" },
        { "K=${NONE:-x y}", "x y" },
        { "A=1\nK=${A}2", "12" },
        { "K=\"two\nlines\"\nB=1", "two\nlines" },
        { "\xef\xbb\xbfK=v", "v" },
        { "K=v\r\nB=w\r\n", "v" },
        { "# K=no\n\nK=v", "v" },
        { "K=1\nK=v", "v" },
        { "OUTER\nK=${OUTER}", "outside" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct diagnostics diagnostics = { 0 };
        struct strings_map map = { 0 };

        read_text(cases[i].text, false, &map, &diagnostics);
        assert_int_equal(diagnostics.error_count, 0);
        assert_string_equal(strings_map_find(&map, "K")->value, cases[i].value);
        strings_map_done(&map);
        diagnostic_done(&diagnostics);
    }
}

static void a_name_alone_takes_the_value_from_outside(void **state)
{
    struct diagnostics diagnostics = { 0 };
    struct strings_map map = { 0 };

    (void)state;
    read_text("OUTER\nNOWHERE\n", false, &map, &diagnostics);
    assert_string_equal(strings_map_find(&map, "OUTER")->value, "outside");
    assert_null(strings_map_find(&map, "NOWHERE")->value);
    strings_map_done(&map);
    diagnostic_done(&diagnostics);
}

static void raw_values_stay_as_they_are(void **state)
{
    struct diagnostics diagnostics = { 0 };
    struct strings_map map = { 0 };

    (void)state;
    read_text("K=\"$OUTER\" # x\n", true, &map, &diagnostics);
    assert_string_equal(strings_map_find(&map, "K")->value, "\"$OUTER\" # x");
    strings_map_done(&map);
    diagnostic_done(&diagnostics);
}

static void all_mistakes_have_their_lines(void **state)
{
    struct diagnostics diagnostics = { 0 };
    struct strings_map map = { 0 };

    (void)state;
    read_text("=x\nA B\nC=1\nD=${\nE=\"open\nF=1\n", false, &map, &diagnostics);
    assert_int_equal(diagnostics.error_count, 4);
    assert_int_equal(diagnostics.items[0].line, 1);
    assert_int_equal(diagnostics.items[1].line, 2);
    assert_int_equal(diagnostics.items[2].line, 4);
    assert_int_equal(diagnostics.items[3].line, 5);
    assert_non_null(strstr(diagnostics.items[3].text, "not closed"));
    strings_map_done(&map);
    diagnostic_done(&diagnostics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_many_spellings),
        cmocka_unit_test(a_name_alone_takes_the_value_from_outside),
        cmocka_unit_test(raw_values_stay_as_they_are),
        cmocka_unit_test(all_mistakes_have_their_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
