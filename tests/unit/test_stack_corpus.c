/* SPDX-License-Identifier: MIT */

/*
 * Loads each file of a folder of compose files (CORPUS), and each of the fuzzers' own: what
 * loads is written and reads back the same, what does not gives messages. Skipped without it.
 */

#include "stack_bed.h"

#include <ftw.h>
#include <stdio.h>

static struct strings found;

static int visit(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)at;
    if (type == FTW_F && (text_ends_with(path, ".yaml") || text_ends_with(path, ".yml")))
        strings_add(&found, path);
    return 0;
}

static struct stack *load(const char *path, bool resolved)
{
    struct stack_options options = { .project_name = "corpus", .resolved = resolved };
    struct diagnostics diagnostics = { 0 };
    AUTO_TEXT struct text text = { 0 };
    struct error err = { 0 };
    struct stack *stack = NULL;

    strings_add(&options.files, path);
    stack = stack_load(&options, &diagnostics, &err);
    diagnostic_format(&diagnostics, false, &text);
    assert_true(stack || text.length > 0 || err.code != ERROR_INVALID);
    if (resolved && !stack)
        fail_msg("%s\n%s", err.text, text_get(&text));
    diagnostic_done(&diagnostics);
    strings_done(&options.files);
    return stack;
}

/* Whether the file loads; then it is written twice, to the same text. */
static bool replay(const struct bed *bed, const char *path)
{
    AUTO(stack) struct stack *stack = load(path, false);
    AUTO(stack) struct stack *again = NULL;
    AUTO_FREE char *copy = alloc_format("%s/copy.yaml", bed->folder);
    AUTO_TEXT struct text first = { 0 };
    AUTO_TEXT struct text second = { 0 };

    if (!stack)
        return false;
    stack_format(stack, &first);
    bed_write(bed, "copy.yaml", text_get(&first));
    again = load(copy, true);
    stack_format(again, &second);
    assert_string_equal(text_get(&first), text_get(&second));
    return true;
}

static void replay_folder(const char *folder)
{
    struct bed bed;
    size_t loaded = 0;

    strings_done(&found);
    if (!folder || nftw(folder, visit, 16, FTW_PHYS) != 0 || found.count == 0)
        skip();
    bed_begin(&bed);
    for (size_t i = 0; i < found.count; i++)
        loaded += replay(&bed, found.items[i]) ? 1 : 0;
    print_message("%zu of %zu files load\n", loaded, found.count);
    strings_done(&found);
    bed_end(&bed);
}

static void the_fuzzers_corpus_reads_back_the_same(void **state)
{
    (void)state;
    replay_folder("tests/fuzz/corpus/fuzz_stack");
}

static void real_files_read_back_the_same(void **state)
{
    const char *corpus = getenv("CORPUS");

    (void)state;
    replay_folder(corpus ? corpus : "../shared/corpus");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fuzzers_corpus_reads_back_the_same),
        cmocka_unit_test(real_files_read_back_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
