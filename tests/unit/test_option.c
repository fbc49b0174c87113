/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "cli/option.h"
#include "util/error.h"

struct sample {
    bool detach, verbose;
    const char *format;
    struct strings env;
    int64_t tail, timeout_ms;
};

static const char *const formats[] = { "table", "json", NULL };

static const struct option sample_rows[] = {
    { .letter = 'd', .name = "detach", OPTION(FLAG, struct sample, detach), .doc = "Detach." },
    { .letter = 'v', .name = "verbose", OPTION(FLAG, struct sample, verbose), .doc = "Talk." },
    {
        .name = "format",
        .argument = "FORMAT",
        OPTION(TEXT, struct sample, format),
        .choices = formats,
        .fallback = "table",
        .doc = "Format.",
    },
    { .letter = 'e',
      .name = "env",
      .argument = "K=V",
      OPTION(LIST, struct sample, env),
      .doc = "Env." },
    {
        .letter = 'n',
        .name = "tail",
        .argument = "N",
        OPTION(INT, struct sample, tail),
        .min = 0,
        .max = 1000,
        .doc = "Lines.",
    },
    {
        .letter = 't',
        .name = "timeout",
        .argument = "TIME",
        OPTION(DURATION, struct sample, timeout_ms),
        .doc = "Time.",
    },
    { 0 },
};

static const struct option_refused refused_rows[] = {
    { .name = "link", .cure = "write --network" },
    { .letter = 'a', .name = "attach" },
    { 0 },
};

struct fixture {
    struct sample sample;
    struct strings operands;
    struct error err;
};

static int parse(struct fixture *f, bool stop, const char *const *words)
{
    struct option_set set = { sample_rows, &f->sample, refused_rows };
    struct option_line line = { .stop_at_operand = stop };
    char *argv[16] = { 0 };

    while (words[line.argc]) {
        argv[line.argc] = (char *)(uintptr_t)words[line.argc];
        line.argc++;
    }
    line.argv = argv;
    option_init(&set);
    return option_parse(&set, 1, &line, &f->operands, &f->err);
}
#define PARSE(f, stop, ...) parse((f), (stop), (const char *const[]){ __VA_ARGS__, NULL })

static int setup(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){ 0 };
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    option_done(&(struct option_set){ sample_rows, &f->sample, NULL });
    strings_done(&f->operands);
    return 0;
}

static void what_is_not_built_is_named_with_its_cure(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(PARSE(f, false, "--link=a:b"), -1);
    assert_int_equal(f->err.code, ERROR_UNSUPPORTED);
    assert_string_equal(f->err.text, "option '--link' is not built: write --network");
    error_clear(&f->err);
    assert_int_equal(PARSE(f, false, "-da", "stdin"), -1);
    assert_string_equal(f->err.text, "option '--attach' is not built");
    error_clear(&f->err);
    assert_int_equal(PARSE(f, false, "--lin"), -1);
    assert_int_equal(f->err.code, ERROR_INVALID);
}

static void options_and_operands_mix(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(PARSE(f, false, "a", "-d", "--format", "json", "b", "--tail=5"), 0);
    assert_true(f->sample.detach);
    assert_string_equal(f->sample.format, "json");
    assert_int_equal(f->sample.tail, 5);
    assert_int_equal(f->operands.count, 2);
    assert_string_equal(f->operands.items[1], "b");
}

static void what_is_not_given_has_its_fallback_or_is_unset(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(PARSE(f, false, "a"), 0);
    assert_string_equal(f->sample.format, "table");
    assert_int_equal(f->sample.tail, OPTION_UNSET);
    assert_int_equal(f->sample.timeout_ms, OPTION_UNSET);
    assert_false(f->sample.detach);
}

static void letters_share_a_dash_and_the_rest_is_the_value(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(PARSE(f, false, "-dvn7", "-eA=1", "-e", "B=2"), 0);
    assert_true(f->sample.detach && f->sample.verbose);
    assert_int_equal(f->sample.tail, 7);
    assert_int_equal(f->sample.env.count, 2);
    assert_string_equal(f->sample.env.items[0], "A=1");
}

static void a_bare_number_is_seconds(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(PARSE(f, false, "-t", "10"), 0);
    assert_int_equal(f->sample.timeout_ms, 10000);
    assert_int_equal(PARSE(f, false, "-t", "1m30s"), 0);
    assert_int_equal(f->sample.timeout_ms, 90000);
    assert_int_equal(PARSE(f, false, "-t0"), 0);
    assert_int_equal(f->sample.timeout_ms, 0);
}

static void the_first_operand_may_end_the_options(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(PARSE(f, true, "-d", "login", "ls", "-v", "--", "x"), 0);
    assert_true(f->sample.detach);
    assert_false(f->sample.verbose);
    assert_int_equal(f->operands.count, 5);
    assert_string_equal(f->operands.items[2], "-v");
}

static void two_dashes_end_the_options(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(PARSE(f, false, "--", "-d", "-"), 0);
    assert_false(f->sample.detach);
    assert_int_equal(f->operands.count, 2);
}

static void a_flag_can_be_unset(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(PARSE(f, false, "-d", "--detach=false"), 0);
    assert_false(f->sample.detach);
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *word, *text;
    } cases[] = {
        { "--detahc", "unknown option '--detahc'; did you mean '--detach'?" },
        { "-x", "unknown option '-x'; --help lists them" },
        { "--tail", "option '--tail' needs a value: --tail N" },
        { "-n", "option '--tail' needs a value: --tail N" },
        { "--format=xml", "option '--format': 'xml' is not one of table, json" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture *f = *state;

        error_clear(&f->err);
        assert_int_equal(PARSE(f, false, cases[i].word), -1);
        assert_int_equal(f->err.code, ERROR_INVALID);
        assert_string_equal(f->err.text, cases[i].text);
    }
}

static void numbers_and_durations_are_checked(void **state)
{
    static const char *const words[] = {
        "-n-1", "-n1001", "-nx", "-t5parsecs", "-t", "--detach=2"
    };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        struct fixture *f = *state;

        error_clear(&f->err);
        assert_int_equal(PARSE(f, false, words[i]), -1);
        assert_int_equal(f->err.code, ERROR_INVALID);
    }
}

static void the_spelling_shows_letter_and_argument(void **state)
{
    char out[64];

    (void)state;
    option_spelling(&sample_rows[5], out, sizeof(out));
    assert_string_equal(out, "-t, --timeout TIME");
    option_spelling(&sample_rows[2], out, sizeof(out));
    assert_string_equal(out, "    --format FORMAT");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_not_built_is_named_with_its_cure),
        TEST(options_and_operands_mix),
        TEST(what_is_not_given_has_its_fallback_or_is_unset),
        TEST(letters_share_a_dash_and_the_rest_is_the_value),
        TEST(a_bare_number_is_seconds),
        TEST(the_first_operand_may_end_the_options),
        TEST(two_dashes_end_the_options),
        TEST(a_flag_can_be_unset),
        TEST(mistakes_are_named),
        TEST(numbers_and_durations_are_checked),
        TEST(the_spelling_shows_letter_and_argument),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
