/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "build/ignore.h"
#include "util/error.h"

static void the_last_rule_that_matches_counts(void **state)
{
    static const char rules[] = "\xef\xbb\xbf# comment\n*.log\n!keep.log\n/build/\n**/cache\n"
                                "docs/*.md\n!docs/README.md\na?c\n[xy]1\n\n../out/../tmp\n";
    static const struct {
        const char *path;
        bool ignored;
    } cases[] = {
        { "a.log", true },
        { "keep.log", false },
        { "sub/a.log", false },
        { "build", true },
        { "build/deep/x", true },
        { "sub/build", false },
        { "cache", true },
        { "a/b/cache/f", true },
        { "docs/a.md", true },
        { "docs/README.md", false },
        { "docs/sub/a.md", false },
        { "abc", true },
        { "ac", false },
        { "x1", true },
        { "z1", false },
        { "tmp/x", false },
        { "# comment", false },
    };
    AUTO_IGNORE struct ignore ignore = { 0 };
    struct error err = { 0 };

    (void)state;
    assert_int_equal(ignore_parse(".carteignore", rules, sizeof(rules) - 1, &ignore, &err), 0);
    assert_true(ignore.takes_back);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (ignore_has(&ignore, cases[i].path) != cases[i].ignored)
            print_message("%s\n", cases[i].path);
        assert_int_equal(ignore_has(&ignore, cases[i].path), cases[i].ignored);
    }
}

static void patterns_match_whole_paths(void **state)
{
    static const struct {
        const char *pattern, *path;
        bool matches;
    } cases[] = {
        { "**/*.c", "a.c", true }, { "**/*.c", "x/y/a.c", true },
        { "**.c", "x/a.c", true }, { "a/**", "a/b/c", true },
        { "a/**/z", "a/z", true }, { "a/*", "a/b/c", false },
        { "*", "a/b", false },     { "a\\*b", "a*b", true },
        { "a\\*b", "axb", false }, { "[^a]b", "cb", true },
        { "[^a]b", "ab", false },  { "[a-c]", "b", true },
        { "[", "[", false },       { "*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaa", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (ignore_match(cases[i].pattern, cases[i].path) != cases[i].matches)
            print_message("%s %s\n", cases[i].pattern, cases[i].path);
        assert_int_equal(ignore_match(cases[i].pattern, cases[i].path), cases[i].matches);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_rule_that_matches_counts),
        cmocka_unit_test(patterns_match_whole_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
