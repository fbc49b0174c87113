/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "cli/command.h"
#include "cli/document_completion.h"
#include "cli/document_man.h"
#include "cli/output.h"
#include "util/error.h"

struct greet_options {
    bool loud;
    int64_t times;
};

static const struct option greet_options[] = {
    { .letter = 'l', .name = "loud", OPTION(FLAG, struct greet_options, loud), .doc = "Shout." },
    {
        .name = "times",
        .argument = "N",
        OPTION(INT, struct greet_options, times),
        .min = 1,
        .max = 9,
        .fallback = "1",
        .doc = "So often.",
    },
    { 0 },
};

/* What the command saw, for the tests. */
static struct {
    bool loud;
    int64_t times;
    size_t operands;
} seen;

static int greet_run(struct command_call *call, struct error *err)
{
    const struct greet_options *options = call->options;

    seen.loud = options->loud;
    seen.times = options->times;
    seen.operands = call->operands->count;
    if (strcmp(call->operands->items[0], "nobody") == 0)
        return error_set(err, ERROR_NOT_FOUND, "there is nobody");
    if (strcmp(call->operands->items[0], "file") == 0)
        return error_set(err, ERROR_INVALID, "the file is wrong");
    if (strcmp(call->operands->items[0], "both") == 0)
        return command_refuse(call, err, "not both");
    call->exit_status = strcmp(call->operands->items[0], "seven") == 0 ? 7 : 0;
    return 0;
}

static const struct command greet = {
    .name = "greet",
    .operands = "NAME...",
    .summary = "Greet people.",
    .options = greet_options,
    .options_size = sizeof(struct greet_options),
    .operand_min = 1,
    .operand_max = 2,
    .run = greet_run,
};
static const struct command later = {
    .name = "later",
    .summary = "Do it later.",
    .refusal = "is not built yet",
};
static const struct command give_flowers = {
    .name = "give flowers",
    .operands = "NAME...",
    .summary = "Give people flowers.",
    .options = greet_options,
    .options_size = sizeof(struct greet_options),
    .operand_min = 1,
    .operand_max = 2,
    .run = greet_run,
};
static const struct command give_cake = {
    .name = "give cake",
    .operands = "NAME...",
    .summary = "Give people cake.",
    .operand_min = 1,
    .operand_max = 2,
};
static const struct command *const commands[] = { &greet, &later, &give_flowers, &give_cake, NULL };
static const struct option globals[] = {
    { .letter = 'h', .name = "help", OPTION(FLAG, struct command_globals, help), .doc = "Help." },
    {
        .name = "progress",
        .argument = "KIND",
        OPTION(TEXT, struct command_globals, progress),
        .choices = command_progress_choices,
        .fallback = "auto",
        .doc = "Progress.",
    },
    { 0 },
};
static const struct command_program program = {
    .name = "sample",
    .summary = "A program.",
    .globals = globals,
    .commands = commands,
};

static int run(const char *const *words)
{
    char *argv[10] = { (char *)(uintptr_t) "sample" };
    int argc = 1;

    for (; *words; words++)
        argv[argc++] = (char *)(uintptr_t)*words;
    memset(&seen, 0, sizeof(seen));
    return command_main(&program, argc, argv);
}
#define RUN(...) run((const char *const[]){ __VA_ARGS__, NULL })

static void a_command_gets_its_options_and_operands(void **state)
{
    (void)state;
    assert_int_equal(RUN("greet", "-l", "--times", "3", "anna", "--progress=plain", "bert"), 0);
    assert_true(seen.loud);
    assert_int_equal(seen.times, 3);
    assert_int_equal(seen.operands, 2);
    assert_int_equal(RUN("--progress", "quiet", "greet", "anna"), 0);
    assert_int_equal(seen.times, 1);
}

static void the_exit_status_tells_what_was_wrong(void **state)
{
    (void)state;
    assert_int_equal(RUN("greet", "seven"), 7);
    assert_int_equal(RUN("greet", "nobody"), COMMAND_EXIT_ERROR);
    assert_int_equal(RUN("greet", "file"), COMMAND_EXIT_INVALID);
    assert_int_equal(RUN("greet", "both"), COMMAND_EXIT_USAGE);
    assert_int_equal(RUN("greet"), COMMAND_EXIT_USAGE);
    assert_int_equal(RUN("greet", "a", "b", "c"), COMMAND_EXIT_USAGE);
    assert_int_equal(RUN("greet", "--tims", "3", "a"), COMMAND_EXIT_USAGE);
    assert_int_equal(RUN("gret", "a"), COMMAND_EXIT_USAGE);
    assert_int_equal(RUN("later"), COMMAND_EXIT_UNSUPPORTED);
}

static void a_command_may_have_two_words(void **state)
{
    (void)state;
    assert_int_equal(RUN("give", "flowers", "-l", "anna", "bert"), 0);
    assert_true(seen.loud);
    assert_int_equal(seen.operands, 2);
    assert_int_equal(RUN("--progress", "quiet", "give", "flowers", "seven"), 7);
    assert_int_equal(RUN("give", "flowers", "--help"), 0);
    assert_int_equal(RUN("help", "give", "flowers"), 0);
    assert_int_equal(RUN("give", "flowers"), COMMAND_EXIT_USAGE);
    assert_int_equal(RUN("give", "flower"), COMMAND_EXIT_USAGE);
    assert_int_equal(RUN("give"), COMMAND_EXIT_USAGE);
}

static void completion_knows_the_second_word(void **state)
{
    AUTO_TEXT struct text completion = { 0 };

    (void)state;
    document_completion_format(&program, &completion);
    assert_non_null(strstr(text_get(&completion), "    give)\n        words='flowers cake' ;;\n"));
    assert_non_null(strstr(text_get(&completion), "    'give flowers')\n"));
    assert_non_null(strstr(text_get(&completion), " greet give\" ;;\n"));
    assert_non_null(strstr(text_get(&completion), "[ \"$command\" != give ]"));
}

static void help_shows_every_option(void **state)
{
    AUTO_TEXT struct text out = { 0 };

    (void)state;
    command_format_usage(&program, &greet, &out);
    assert_non_null(strstr(text_get(&out), "Usage: sample greet [OPTION...] NAME...\n"));
    assert_non_null(strstr(text_get(&out), "  -l, --loud     Shout.\n"));
    assert_non_null(strstr(text_get(&out), "      --times N  So often. Default: 1.\n"));
    assert_non_null(strstr(text_get(&out), "--progress KIND"));
    text_clear(&out);
    command_format_help(&program, &out);
    assert_non_null(strstr(text_get(&out), "  greet         Greet people.\n"));
    assert_null(strstr(text_get(&out), "later"));
}

static void man_pages_and_completion_have_the_same_rows(void **state)
{
    AUTO_TEXT struct text man = { 0 }, completion = { 0 };

    (void)state;
    document_man_format(&program, &man);
    assert_non_null(strstr(text_get(&man), ".SS greet NAME...\nGreet people.\n"));
    assert_non_null(strstr(text_get(&man), ".TP\n.B \\-l, \\-\\-loud\nShout.\n"));
    document_completion_format(&program, &completion);
    assert_non_null(
        strstr(text_get(&completion), "complete -o default -F _sample_complete sample"));
    assert_non_null(strstr(text_get(&completion), "--loud -l --times"));
    assert_non_null(strstr(text_get(&completion), "--progress) values='auto tty plain quiet' ;;"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_gets_its_options_and_operands),
        cmocka_unit_test(the_exit_status_tells_what_was_wrong),
        cmocka_unit_test(a_command_may_have_two_words),
        cmocka_unit_test(completion_knows_the_second_word),
        cmocka_unit_test(help_shows_every_option),
        cmocka_unit_test(man_pages_and_completion_have_the_same_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
