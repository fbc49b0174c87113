/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "cli/log_printer.h"
#include "cli/scale_word.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

static struct log_reader_record record(const char *replica, const char *text)
{
    return (struct log_reader_record){
        .replica = replica,
        .service = "any",
        .time = "2026-01-31T12:00:00.123Z",
        .text = text,
        .length = strlen(text),
    };
}

static void names_are_padded_to_the_widest(void **state)
{
    AUTO_TEXT struct text out = { 0 };
    struct log_printer printer = { .prefix = true };
    struct log_reader_record records[] = { record("db-1", "up"), record("login-10", "hello") };

    (void)state;
    log_printer_expect(&printer, "login-10");
    for (size_t i = 0; i < ARRAY_SIZE(records); i++)
        log_printer_format(&printer, &records[i], &out);
    assert_string_equal(text_get(&out), "db-1      | up\nlogin-10  | hello\n");
    log_printer_done(&printer);
}

static void each_replica_has_a_colour_of_its_own(void **state)
{
    AUTO_TEXT struct text out = { 0 };
    struct log_printer printer = { .prefix = true, .colour = true };
    struct log_reader_record records[] = { record("a-1", "x"), record("b-1", "y") };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(records); i++)
        log_printer_format(&printer, &records[i], &out);
    assert_string_equal(text_get(&out), "\033[36ma-1  | \033[0mx\n\033[33mb-1  | \033[0my\n");
    log_printer_done(&printer);
}

static void a_partial_line_goes_on_in_the_next_record(void **state)
{
    AUTO_TEXT struct text out = { 0 };
    struct log_printer printer = { .prefix = true };
    struct log_reader_record records[] = { record("a-1", "one "), record("a-1", "line"),
                                           record("a-1", "cut"), record("b-1", "other") };

    (void)state;
    records[0].is_partial = true;
    records[2].is_partial = true;
    for (size_t i = 0; i < ARRAY_SIZE(records); i++)
        log_printer_format(&printer, &records[i], &out);
    assert_string_equal(text_get(&out), "a-1  | one line\na-1  | cut\nb-1  | other\n");
    log_printer_done(&printer);
}

static void times_stand_before_the_text(void **state)
{
    AUTO_TEXT struct text out = { 0 };
    struct log_printer printer = { .timestamps = true };
    struct log_reader_record only = record("a-1", "x");

    (void)state;
    log_printer_format(&printer, &only, &out);
    assert_string_equal(text_get(&out), "2026-01-31T12:00:00.123Z x\n");
    log_printer_done(&printer);
}

static void on_a_terminal_text_has_colours_and_no_other_control(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        { "plain\ttab", "plain\ttab" },
        { "\033[1;31mred\033[0m", "\033[1;31mred\033[0m\033[0m" },
        { "\033[31mleft red", "\033[31mleft red\033[0m" },
        { "of a terminal\r", "of a terminal" },
        { "\033]0;title\a", "?]0;title?" },
        { "\033[2J\033[H\033[6n", "?[2J?[H?[6n" },
        { "\033[31", "?[31" },
        { "a\bb\rc\x7f", "a?b?c?" },
        { "\xc2\x9b"
          "2J \xc3\xa4",
          "??2J \xc3\xa4" },
        { "cut \xc3", "cut ?" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct log_printer printer = { .cleans_stdout = true };
        struct log_reader_record only = record("a-1", cases[i].text);
        AUTO_TEXT struct text out = { 0 };
        AUTO_TEXT struct text raw = { 0 };
        AUTO_FREE char *shown = alloc_format("%s\n", cases[i].shown);
        AUTO_FREE char *written = alloc_format("%s\n", cases[i].text);

        log_printer_format(&printer, &only, &out);
        assert_string_equal(text_get(&out), shown);
        only.is_stderr = true; /* goes to a file */
        log_printer_format(&printer, &only, &raw);
        assert_string_equal(text_get(&raw), written);
        log_printer_done(&printer);
    }
}

static void a_scale_word_is_a_service_and_a_count(void **state)
{
    static const char *const wrong[] = { "login",    "=5",      "login=",
                                         "login=-1", "login=x", "login=99999999" };
    AUTO_FREE char *service = NULL;
    struct error err = { 0 };
    int64_t count = 0;

    (void)state;
    assert_int_equal(scale_word_parse("login=5", &service, &count, &err), 0);
    assert_string_equal(service, "login");
    assert_int_equal(count, 5);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        AUTO_FREE char *none = NULL;

        error_clear(&err);
        assert_int_equal(scale_word_parse(wrong[i], &none, &count, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        assert_null(none);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_padded_to_the_widest),
        cmocka_unit_test(each_replica_has_a_colour_of_its_own),
        cmocka_unit_test(a_partial_line_goes_on_in_the_next_record),
        cmocka_unit_test(times_stand_before_the_text),
        cmocka_unit_test(on_a_terminal_text_has_colours_and_no_other_control),
        cmocka_unit_test(a_scale_word_is_a_service_and_a_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
