/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build/expand.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

static const char *find(void *context, const char *name)
{
    static const char *const values[][2] = {
        { "v", "a/b.tar.gz" }, { "empty", "" },      { "s", "a*b?c" },
        { "w", "two words" },  { "_x1", "under" },   { "u", "\xc3\xa4\xc3\xb6" },
        { "name", "v" },       { "rep", "aXbXcXd" },
    };

    (void)context;
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        if (strcmp(values[i][0], name) == 0)
            return values[i][1];
    }
    return NULL;
}

static const struct expand_scope scope = { .find = find, .escape = '\\' };

static const char *const forms[][2] = {
    { "", "" },
    { "plain", "plain" },
    { "$v", "a/b.tar.gz" },
    { "x${v}y$", "xa/b.tar.gzy$" },
    { "$_x1-$_x1", "under-under" },
    { "$1a$10", "a" },
    { "$$ $? $@ $# $! $*", "     " },
    { "$.", "$." },
    { "$none", "" },
    { "$name$name", "vv" },
    /* Escapes and quotes */
    { "\\$v", "$v" },
    { "\\\\$v", "\\a/b.tar.gz" },
    { "a\\ b", "a b" },
    { "a\\", "a\\" },
    { "'$v'\"$v\"", "$va/b.tar.gz" },
    { "'a\\'", "a\\" },
    { "\"a\\\"b\\c\\$v\"", "a\"b\\c$v" },
    { "\"it's $w\"", "it's two words" },
    { "'say \"hi\"'", "say \"hi\"" },
    { "\"\"''", "" },
    /* Defaults and alternatives */
    { "${none:-d}${empty:-e}${empty-f}${none-g}", "deg" },
    { "${v:-d}${v-d}", "a/b.tar.gza/b.tar.gz" },
    { "${v:+y}${none:+n}${empty:+n}${empty+s}${none+t}", "ys" },
    { "${v:?m}${v?m}${empty?m}", "a/b.tar.gza/b.tar.gz" },
    { "${none:-${v}}", "a/b.tar.gz" },
    { "${none:-${also:-${deep:-x}}}", "x" },
    { "${none:-\"a }b\"}", "a }b" },
    { "${none:-'$v'}", "$v" },
    { "${none:-a\\}b}", "a}b" },
    { "${none:-$w}", "two words" },
    { "\"${none:-$w}\"", "two words" },
    { "${none:-}", "" },
    /* Patterns */
    { "${v#*/}", "b.tar.gz" },
    { "${v##*.}", "gz" },
    { "${v%.*}", "a/b.tar" },
    { "${v%%.*}", "a/b" },
    { "${v#x}${v%x}", "a/b.tar.gza/b.tar.gz" },
    { "${v#?/?}", ".tar.gz" },
    { "${v#*}", "a/b.tar.gz" },
    { "${v##*}", "" },
    { "${none#x}", "" },
    { "${s#a\\*}", "b?c" },
    { "${s%\\?c}", "a*b" },
    { "${s#a\\?}", "a*b?c" },
    { "${v%.$none*}", "a/b.tar" },
    { "${v%[zg]z}", "a/b.tar.gz" },
    /* Replacement */
    { "${v/a/x}", "x/b.tar.gz" },
    { "${v//a/x}", "x/b.txr.gz" },
    { "${rep//X/}", "abcd" },
    { "${rep/X*X/-}", "a-d" },
    { "${rep//?X/-}", "---d" },
    { "${rep/none/y}", "aXbXcXd" },
    { "${rep//X/$name}", "avbvcvd" },
    { "${rep/X}", "abXcXd" },
    { "${s//\\*/+}", "a+b?c" },
    { "${u}", "\xc3\xa4\xc3\xb6" },
};

static void every_form_gives_its_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        struct error err = { 0 };
        char *out = NULL;

        if (expand_word(&scope, forms[i][0], &out, &err) < 0)
            fail_msg("%s: %s", forms[i][0], err.text);
        if (strcmp(out, forms[i][1]) != 0)
            fail_msg("%s: '%s', expected '%s'", forms[i][0], out, forms[i][1]);
        free(out);
    }
}

static void another_escape_character_can_be_chosen(void **state)
{
    const struct expand_scope other = { .find = find, .escape = '`' };
    struct error err = { 0 };
    char *out = NULL;

    (void)state;
    assert_int_equal(expand_word(&other, "c:\\$v`$v", &out, &err), 0);
    assert_string_equal(out, "c:\\a/b.tar.gz$v");
    free(out);
}

static void a_text_keeps_its_quotes(void **state)
{
    struct error err = { 0 };
    char *out = NULL;

    (void)state;
    assert_int_equal(expand_text(&scope, "'$v' \"x\" \\$v \\n", &out, &err), 0);
    assert_string_equal(out, "'a/b.tar.gz' \"x\" $v \\n");
    free(out);
}

static void what_is_wrong_is_refused_with_the_cure(void **state)
{
    static const char *const cases[][2] = {
        { "${v", "'${v' is not closed: add '}'" },
        { "${", "'${' without a name: write '\\$'" },
        { "${}", "'${' without a name" },
        { "${v:x}", "expected ':-', ':+' or ':?'" },
        { "${v:", "expected ':-'" },
        { "${v!}", "expected '}' or one of" },
        { "'a", "a single quote is not closed" },
        { "\"a", "a double quote is not closed" },
        { "${none:?is needed}", "none: is needed" },
        { "${none?}", "none: is not set" },
        { "${none:-${v}", "is not closed" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error err = { 0 };
        char *out = NULL;

        assert_int_equal(expand_word(&scope, cases[i][0], &out, &err), -1);
        assert_null(out);
        assert_int_equal(err.code, ERROR_INVALID);
        if (!strstr(err.text, cases[i][1]))
            fail_msg("%s: %s", cases[i][0], err.text);
    }
}

static void hostile_words_are_bounded(void **state)
{
    static const char *const parts[][2] = { { "${a:-", "}" }, { "${v#", "}" }, { "$v", "" } };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        AUTO_TEXT struct text text = { 0 };
        struct error err = { 0 };
        char *out = NULL;

        for (size_t k = 0; k < 200000; k++)
            text_add(&text, parts[i][0]);
        for (size_t k = 0; k < 200000; k++)
            text_add(&text, parts[i][1]);
        assert_int_equal(expand_word(&scope, text_get(&text), &out, &err), -1);
    }
}

static void note(void *context, const char *name)
{
    text_add_format(context, "%s ", name);
}

static void only_plain_uses_of_what_is_not_set_are_told_of(void **state)
{
    AUTO_TEXT struct text names = { 0 };
    const struct expand_scope telling = {
        .find = find, .missing = note, .context = &names, .escape = '\\'
    };
    struct error err = { 0 };
    char *out = NULL;

    (void)state;
    assert_int_equal(
        expand_word(&telling, "$a ${b} ${c:-x} ${d+y} ${e#z} $v '$f' \\$g ${h-$i}", &out, &err), 0);
    assert_string_equal(text_get(&names), "a b i ");
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_gives_its_value),
        cmocka_unit_test(another_escape_character_can_be_chosen),
        cmocka_unit_test(a_text_keeps_its_quotes),
        cmocka_unit_test(what_is_wrong_is_refused_with_the_cure),
        cmocka_unit_test(hostile_words_are_bounded),
        cmocka_unit_test(only_plain_uses_of_what_is_not_set_are_told_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
