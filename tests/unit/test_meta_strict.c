/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "common/limit.h"
#include "common/moment.h"
#include "common/strict.h"

static bool is_json(const char *text)
{
    return strict_is_json(text, strlen(text));
}

static void what_the_grammar_allows_is_taken(void **state)
{
    static const char *const texts[] = {
        "{}",   "[]", " [1, 2.5, -0, 1e9, 1.0E-7] ",  "\"\\u00e9\\n\"",   "true",
        "null", "0",  "{\"a\":{\"b\":[null,false]}}", "\"\xed\x95\x9c\"", "\"\xf0\x9f\x8c\xb3\"",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        assert_true(is_json(texts[i]));
}

static void what_the_grammar_forbids_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "{",
        "{\"a\":1,}",
        "[1,]",
        "[1 2]",
        "{a:1}",
        "'a'",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "NaN",
        "Infinity",
        "tru",
        "{} {}",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\x01\"",
        "\"\xff\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\x80\"",
        "{\"a\" 1}",
        "\"\\u0000\"",
        "{\"a\":}",
        "[,]",
        "\"\xf4\x90\x80\x80\"",
        "-",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        assert_false(is_json(texts[i]));
    assert_false(strict_is_json("[1]\0", 4));
}

static void depth_is_limited(void **state)
{
    char text[2 * (STRICT_DEPTH_MAX + 1)];

    (void)state;
    memset(text, '[', STRICT_DEPTH_MAX);
    memset(text + STRICT_DEPTH_MAX, ']', STRICT_DEPTH_MAX);
    assert_true(strict_is_json(text, 2 * STRICT_DEPTH_MAX));
    memset(text, '[', STRICT_DEPTH_MAX + 1);
    memset(text + STRICT_DEPTH_MAX + 1, ']', STRICT_DEPTH_MAX + 1);
    assert_false(strict_is_json(text, sizeof(text)));
}

static void times_are_read_with_their_offset(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "1970-01-01T00:00:01.25Z", 1250 },
        { "1970-01-01T09:00:00+09:00", 0 },
        { "1969-12-31T19:00:00-05:00", 0 },
        { "2026-01-31T12:00:00.123456Z", 1769860800123 },
    };
    int64_t ms = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_true(moment_parse(cases[i].text, &ms));
        assert_int_equal(ms, cases[i].ms);
    }
    assert_false(moment_parse("", &ms));
    assert_false(moment_parse("yesterday", &ms));
    assert_false(moment_parse("2026-01-31", &ms));
    assert_false(moment_parse("2026-01-31T12:00:00", &ms));
    assert_false(moment_parse("2026-01-31T12:00:00Zx", &ms));
    assert_false(moment_parse("2026-01-31T12:00:00+9", &ms));
}

static void a_bucket_empties_and_fills(void **state)
{
    struct limit *limit = limit_new(10, 2);

    (void)state;
    assert_true(limit_take(limit, "a", 1, 1000));
    assert_true(limit_take(limit, "a", 1, 1000));
    assert_false(limit_take(limit, "a", 1, 1000));
    assert_true(limit_take(limit, "b", 1, 1000));
    assert_false(limit_take(limit, "a", 1, 1099));
    assert_true(limit_take(limit, "a", 1, 1100));
    assert_true(limit_take(limit, "a", 1, 9000));
    assert_true(limit_take(limit, "a", 1, 9000));
    assert_false(limit_take(limit, "a", 1, 9000));
    limit_free(limit);
}

static void a_rate_of_zero_limits_nothing(void **state)
{
    struct limit *limit = limit_new(0, 0);

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_true(limit_take(limit, "a", 1, 1000));
    limit_free(limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_grammar_allows_is_taken),
        cmocka_unit_test(what_the_grammar_forbids_is_refused),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(times_are_read_with_their_offset),
        cmocka_unit_test(a_bucket_empties_and_fills),
        cmocka_unit_test(a_rate_of_zero_limits_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
