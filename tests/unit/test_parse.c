/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <signal.h>

#include "util/error.h"
#include "util/parse.h"
#include "util/strings.h"

static void durations_are_summed(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        { "250ms", 250 }, { "10s", 10000 },    { "1m30s", 90000 }, { "1.5h", 5400000 },
        { "0", 0 },       { "2d", 172800000 }, { "1500us", 1 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error err = { 0 };
        int64_t ms = -1;

        assert_int_equal(parse_duration_ms(cases[i].text, &ms, &err), 0);
        assert_int_equal(ms, cases[i].ms);
    }
}

static void what_is_no_duration_is_refused(void **state)
{
    static const char *const cases[] = {
        "", "10", "s", "1x", "1s2", "-1s", "99999999999999d", "."
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error err = { 0 };
        int64_t ms = 7;

        assert_int_equal(parse_duration_ms(cases[i], &ms, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        assert_int_equal(ms, 7);
    }
}

static void sizes_are_in_units_of_1024(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        { "64m", 64 << 20 }, { "1.5G", 1536 << 20 }, { "2048k", 2 << 20 },
        { "100", 100 },      { "1gb", 1 << 30 },     { "10b", 10 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error err = { 0 };
        uint64_t bytes = 0;

        assert_int_equal(parse_bytes(cases[i].text, &bytes, &err), 0);
        assert_int_equal(bytes, cases[i].bytes);
    }
}

static void fractions_count_in_thousandths(void **state)
{
    struct error err = { 0 };
    int64_t millis = 0;

    (void)state;
    assert_int_equal(parse_millis("0.50", &millis, &err), 0);
    assert_int_equal(millis, 500);
    assert_int_equal(parse_millis("2", &millis, &err), 0);
    assert_int_equal(millis, 2000);
    assert_int_equal(parse_millis("1,5", &millis, &err), -1);
}

static void words_are_split_as_a_shell_does(void **state)
{
    struct strings words = { 0 };
    struct error err = { 0 };

    (void)state;
    assert_int_equal(parse_words("a 'b c' \"d\\\"e\" f\\ g ''", &words, &err), 0);
    assert_int_equal(words.count, 5);
    assert_string_equal(words.items[1], "b c");
    assert_string_equal(words.items[2], "d\"e");
    assert_string_equal(words.items[3], "f g");
    assert_string_equal(words.items[4], "");
    assert_int_equal(parse_words("a 'b", &words, &err), -1);
    strings_done(&words);
}

static void signals_have_names_and_numbers(void **state)
{
    static const struct {
        const char *text;
        int number; /* 0: refused */
    } rows[] = {
        { "TERM", SIGTERM },
        { "SIGTERM", SIGTERM },
        { "sigusr1", SIGUSR1 },
        { "9", SIGKILL },
        { "RTMIN", 34 },
        { "SIGRTMIN+3", 37 },
        { "RTMAX-1", 63 },
        { "64", 64 },
        { "0", 0 },
        { "65", 0 },
        { "RTMIN-1", 0 },
        { "SIGMOON", 0 },
        { "RTMAX+1", 0 },
        { "", 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct error err = { 0 };
        int number = 0;

        assert_int_equal(parse_signal(rows[i].text, &number, &err), rows[i].number ? 0 : -1);
        assert_int_equal(number, rows[i].number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_summed),
        cmocka_unit_test(what_is_no_duration_is_refused),
        cmocka_unit_test(sizes_are_in_units_of_1024),
        cmocka_unit_test(fractions_count_in_thousandths),
        cmocka_unit_test(words_are_split_as_a_shell_does),
        cmocka_unit_test(signals_have_names_and_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
