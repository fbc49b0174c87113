/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include "cli/output.h"
#include "cli/table.h"
#include "util/cleanup.h"

static const char *const headings[] = { "NAME", "STATE", NULL };

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
    AUTO_TEXT struct text out = { 0 };
    struct table table = { .headings = headings };

    (void)state;
    table_add(&table, "metaverse-login-1");
    table_add(&table, "running");
    table_add(&table, "größe");
    table_add(&table, NULL);
    table_format(&table, &out);
    assert_string_equal(text_get(&out), "NAME                STATE\n"
                                        "metaverse-login-1   running\n"
                                        "größe\n");
    table_done(&table);
}

static void a_table_without_rows_is_its_headings(void **state)
{
    AUTO_TEXT struct text out = { 0 };
    struct table table = { .headings = headings };

    (void)state;
    table_format(&table, &out);
    assert_string_equal(text_get(&out), "NAME   STATE\n");
    table_done(&table);
}

static void cells_cannot_drive_the_terminal(void **state)
{
    static const struct {
        const char *given, *shown;
    } cases[] = {
        { "plain", "plain" },
        { "a\033[2Jb", "a?[2Jb" },
        { "a\nb\tc\x7f", "a?b?c?" },
        { "\xc2\x9b"
          "31m",
          "??31m" },
        { "\xff\xc3", "??" },
        { "naïve ✔", "naïve ✔" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_FREE char *clean = output_clean(cases[i].given);

        assert_string_equal(clean, cases[i].shown);
    }
}

static void width_counts_characters(void **state)
{
    (void)state;
    assert_int_equal(output_width("✔ ok"), 4);
    assert_int_equal(output_fit("✔ ok", 2), 4);
    assert_int_equal(output_fit("ok", 10), 2);
    assert_int_equal(output_fit("ok", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(a_table_without_rows_is_its_headings),
        cmocka_unit_test(cells_cannot_drive_the_terminal),
        cmocka_unit_test(width_counts_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
