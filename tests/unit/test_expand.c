/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "build/expand.h"
#include "util/error.h"

static const char *find(void *context, const char *name)
{
    (void)context;
    if (strcmp(name, "v") == 0)
        return "a/b.tar.gz";
    return strcmp(name, "empty") == 0 ? "" : NULL;
}

static const struct expand_scope scope = { .find = find, .escape = '\\' };

static void every_form_gives_its_value(void **state)
{
    static const char *const cases[][2] = {
        { "plain", "plain" },
        { "$v", "a/b.tar.gz" },
        { "x${v}y$", "xa/b.tar.gzy$" },
        { "\\$v", "$v" },
        { "'$v'\"$v\"", "$va/b.tar.gz" },
        { "\"a\\\"b\\c\"", "a\"b\\c" },
        { "${none:-d}${empty:-e}${empty-f}${none-g}", "deg" },
        { "${v:+y}${none:+n}${empty:+n}${empty+s}", "ys" },
        { "${none:-${v}}", "a/b.tar.gz" },
        { "${v#*/}", "b.tar.gz" },
        { "${v%.*}", "a/b.tar" },
        { "${v%%.*}", "a/b" },
        { "${v##*.}", "gz" },
        { "${v/a/x}", "x/b.tar.gz" },
        { "${v//a/x}", "x/b.txr.gz" },
        { "$none", "" },
        { "a\\ b", "a b" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error err = { 0 };
        char *out = NULL;

        assert_int_equal(expand_word(&scope, cases[i][0], &out, &err), 0);
        assert_string_equal(out, cases[i][1]);
        free(out);
    }
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

static void what_is_not_closed_is_refused(void **state)
{
    static const char *const cases[] = { "${v",  "${",   "${v:x}", "'a", "\"a", "${none:?needed}",
                                         "${v:", "${v!}" };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error err = { 0 };
        char *out = NULL;

        assert_int_equal(expand_word(&scope, cases[i], &out, &err), -1);
        assert_null(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_gives_its_value),
        cmocka_unit_test(a_text_keeps_its_quotes),
        cmocka_unit_test(what_is_not_closed_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
