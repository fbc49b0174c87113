/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "cli/progress.h"

static char name_1[] = "Container web-1", name_2[] = "Container web-2", name_3[] = "Network front";
static char started[] = "Started", starting[] = "Starting", failed[] = "Error";

static struct progress_item items[] = {
    { name_1, started, PROGRESS_DONE, 1000, 1300 },
    { name_2, starting, PROGRESS_WORKING, 1000, 0 },
    { name_3, failed, PROGRESS_FAILED, 1000, 3000 },
};

static void a_line_names_what_and_how(void **state)
{
    AUTO_TEXT struct text out = { 0 };

    (void)state;
    progress_format_line(&items[0], &out);
    assert_string_equal(text_get(&out), "Container web-1  Started\n");
}

static void the_block_counts_what_is_done(void **state)
{
    AUTO_TEXT struct text out = { 0 };
    struct progress progress = { .title = "Running", .items = items, .count = 3 };

    (void)state;
    assert_int_equal(progress_format_block(&progress, 2000, 40, 24, &out), 4);
    assert_non_null(strstr(text_get(&out), "[+] Running 1/3\n"));
    assert_non_null(strstr(text_get(&out), "✔\033[0m Container web-1  Started        0.3s\n"));
    assert_non_null(strstr(text_get(&out), "Container web-2  Starting       1.0s\n"));
    assert_non_null(strstr(text_get(&out), "2.0s\n"));
}

static void a_small_terminal_shows_what_is_not_done(void **state)
{
    AUTO_TEXT struct text out = { 0 };
    struct progress progress = { .title = "Running", .items = items, .count = 3 };

    (void)state;
    assert_int_equal(progress_format_block(&progress, 2000, 40, 5, &out), 4);
    assert_null(strstr(text_get(&out), "web-1"));
    assert_non_null(strstr(text_get(&out), "web-2"));
    assert_non_null(strstr(text_get(&out), "and 1 more"));
}

static void a_narrow_terminal_cuts_lines(void **state)
{
    AUTO_TEXT struct text out = { 0 };
    struct progress progress = { .title = "Running", .items = items, .count = 1 };

    (void)state;
    progress_format_block(&progress, 2000, 1, 24, &out);
    assert_non_null(strstr(text_get(&out), "Container w 0.3s\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_names_what_and_how),
        cmocka_unit_test(the_block_counts_what_is_done),
        cmocka_unit_test(a_small_terminal_shows_what_is_not_done),
        cmocka_unit_test(a_narrow_terminal_cuts_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
