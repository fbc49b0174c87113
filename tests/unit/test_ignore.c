/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build/ignore.h"
#include "build/pattern.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

static const struct {
    const char *rules, *path;
    bool ignored;
} rules[] = {
    /* What a line is */
    { "\xef\xbb\xbf*.log\n", "a.log", true },
    { "# a\n", "# a", false },
    { " # a\n", "# a", true },
    { "a\r\nb\r\n", "a", true },
    { "a\r\nb\r\n", "b", true },
    { "\n\n  \t \na", "a", true },
    { "  a b \t\n", "a b", true },
    { "! \ta\n", "a", false },
    { "a", "a", true },
    /* Paths are cleaned */
    { "/a\n", "a", true },
    { "//a//b/\n", "a/b", true },
    { "./a\n", "a", true },
    { "a/./b\n", "a/b", true },
    { "a/x/../b\n", "a/b", true },
    { "../a\n", "a", false },
    { "/../a\n", "a", true },
    { "a/..\n", "a", false },
    { ".\n", "a", false },
    { "/\n", "a", false },
    { "!/a\n", "a", false },
    { "*\n!/a\n", "a", false },
    /* A pattern is for the whole path, from the context on */
    { "a\n", "x/a", false },
    { "a\n", "ab", false },
    { "a\n", "a/b/c", true },
    { "a/b\n", "a/b/c", true },
    { "a/b\n", "a", false },
    { "a/b\n", "a/bc", false },
    { "A\n", "a", false },
    /* Stars and question marks stay within a name */
    { "*.md\n", "a.md", true },
    { "*.md\n", "x/a.md", false },
    { "*/*.md\n", "x/a.md", true },
    { "*/*.md\n", "x/y/a.md", false },
    { "*\n", "a/b", true },
    { "a*b\n", "a/b", false },
    { "a?c\n", "abc", true },
    { "a?c\n", "a/c", false },
    { "a?c\n", "ac", false },
    { "?\n", "\xc3\xa4", true },
    { "*.\n", "a", false },
    { "*a*a*\n", "banana", true },
    /* Two stars are any depth */
    { "**\n", "a/b/c", true },
    { "**/a\n", "a", true },
    { "**/a\n", "x/y/a", true },
    { "**/a\n", "xa", false },
    { "**/a\n", "x/a/b", true },
    { "**/*.go\n", "a.go", true },
    { "**/*.go\n", "x/y/a.go", true },
    { "a/**\n", "a/b/c", true },
    { "a/**\n", "a", false },
    { "a/**/z\n", "a/z", true },
    { "a/**/z\n", "a/b/c/z", true },
    { "a/**/z\n", "ab/z", false },
    { "**/a/**/b\n", "x/a/y/b", true },
    { "**.c\n", "x/a.c", true },
    { "**.c\n", "a.c", true },
    { "**.c\n", "a.cc", false },
    { "a**\n", "abc/d", true },
    { "a**/b\n", "ab", true },
    { "a**/b\n", "ax/b", true },
    { "***\n", "a/b", true },
    /* Sets */
    { "[xy]1\n", "x1", true },
    { "[xy]1\n", "z1", false },
    { "[a-c]\n", "b", true },
    { "[^a-c]\n", "b", false },
    { "[^a-c]\n", "d", true },
    { "[!a]\n", "!", true },
    { "[\\]]\n", "]", true },
    { "[\\-a]\n", "-", true },
    { "[\xc3\xa4-\xc3\xbc]\n", "\xc3\xb6", true },
    { "a]\n", "a]", true },
    { "a[/]b\n", "a/b", true },
    /* A backslash takes the next character as it is */
    { "a\\*b\n", "a*b", true },
    { "a\\*b\n", "axb", false },
    { "\\#a\n", "#a", true },
    { "\\!a\n", "!a", true },
    { "a\\b\n", "ab", true },
    /* Characters of regular expressions mean nothing */
    { "a.b\n", "axb", false },
    { "a+(b)|{c}$\n", "a+(b)|{c}$", true },
    { "^a\n", "^a", true },
    /* The last that matches counts */
    { "*.md\n!README.md\n", "README.md", false },
    { "*.md\n!README*.md\nREADME-secret.md\n", "README-secret.md", true },
    { "*.md\nREADME-secret.md\n!README*.md\n", "README-secret.md", false },
    { "!a\na\n", "a", true },
    { "a\n!a\na\n", "a", true },
    /* A folder takes its content along, until a later rule reaches in */
    { "a\n!a/b\n", "a/b", false },
    { "a\n!a/b\n", "a/b/c", false },
    { "a\n!a/b\n", "a/c", true },
    { "a\n!a/b\na/b/c\n", "a/b/c", true },
    { "**\n!a/*.c\n", "a/x.c", false },
    { "**\n!a/*.c\n", "a/x.h", true },
    { "!a/b\na\n", "a/b", true },
    { "a/*\n!a/b\n", "a/b/c", false },
};

static void each_rule_leaves_out_what_dockers_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        AUTO_IGNORE struct ignore ignore = { 0 };
        struct error err = { 0 };

        if (ignore_parse(".carteignore", rules[i].rules, strlen(rules[i].rules), &ignore, &err) < 0)
            fail_msg("%s", err.text);
        if (ignore_has(&ignore, rules[i].path) != rules[i].ignored)
            fail_msg("'%s' and '%s'", rules[i].rules, rules[i].path);
    }
}

static void rules_that_are_wrong_name_their_line(void **state)
{
    static const struct {
        const char *rules, *message;
    } cases[] = {
        { "a\n[b\n", ".carteignore:2: pattern '[b': '[' is not closed" },
        { "[]\n", "expected a character in [...]: write \\] for ']'" },
        { "[]a]\n", "expected a character" },
        { "[a-]\n", "expected a character" },
        { "[-a]\n", "write \\- for '-'" },
        { "[^]\n", "expected a character" },
        { "[z-a]\n", "goes backwards" },
        { "a\\\n", "'\\' at the end has nothing to escape" },
        { "x\n\n!\n", ".carteignore:3: '!' takes nothing back in" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_IGNORE struct ignore ignore = { 0 };
        struct error err = { 0 };

        assert_int_equal(
            ignore_parse(".carteignore", cases[i].rules, strlen(cases[i].rules), &ignore, &err),
            -1);
        assert_int_equal(err.code, ERROR_INVALID);
        if (!strstr(err.text, cases[i].message))
            fail_msg("'%s'", err.text);
    }
}

/* What would take a backtracking matcher longer than the world has. */
static void hostile_patterns_take_no_longer(void **state)
{
    AUTO_TEXT struct text pattern = { 0 };
    AUTO_TEXT struct text path = { 0 };
    AUTO_PATTERN struct pattern parsed = { 0 };
    struct error err = { 0 };

    (void)state;
    for (size_t i = 0; i < 500; i++) {
        text_add(&pattern, "**/*a");
        text_add(&path, "a/aa");
    }
    text_add(&pattern, "b");
    assert_int_equal(pattern_parse(text_get(&pattern), &parsed, &err), 0);
    assert_false(pattern_matches(&parsed, text_get(&path), true));
}

static void what_is_too_much_is_refused(void **state)
{
    AUTO_TEXT struct text text = { 0 };
    struct ignore ignore = { 0 };
    struct error err = { 0 };

    (void)state;
    for (size_t i = 0; i <= PATTERN_LENGTH_MAX; i++)
        text_add_char(&text, '*');
    assert_int_equal(ignore_parse("x", text_get(&text), text.length, &ignore, &err), -1);
    ignore_done(&ignore);
    error_clear(&err);
    text_clear(&text);
    for (size_t i = 0; i <= IGNORE_RULES_MAX; i++)
        text_add(&text, "a\n");
    assert_int_equal(ignore_parse("x", text_get(&text), text.length, &ignore, &err), -1);
    ignore_done(&ignore);
    error_clear(&err);
    assert_int_equal(ignore_parse("x", "a\0b", 3, &ignore, &err), -1);
    ignore_done(&ignore);
}

static void a_pattern_of_copy_matches_a_whole_name(void **state)
{
    static const struct {
        const char *pattern, *name;
        bool matches;
    } cases[] = {
        { "*.c", "a.c", true },     { "*.c", "a.cc", false },
        { "[a-c]x", "bx", true },   { "[", "[", false },
        { "a\\*", "a*", true },     { "*a*a*a*a*b", "aaaaaaaaaaaaa", false },
        { "**", "anything", true },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (ignore_match(cases[i].pattern, cases[i].name) != cases[i].matches)
            fail_msg("%s %s", cases[i].pattern, cases[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_leaves_out_what_dockers_does),
        cmocka_unit_test(rules_that_are_wrong_name_their_line),
        cmocka_unit_test(hostile_patterns_take_no_longer),
        cmocka_unit_test(what_is_too_much_is_refused),
        cmocka_unit_test(a_pattern_of_copy_matches_a_whole_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
