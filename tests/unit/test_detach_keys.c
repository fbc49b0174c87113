/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "cli/detach_keys.h"
#include "util/error.h"

static void keys_are_characters_and_control_characters(void **state)
{
    static const struct {
        const char *text, *bytes;
    } good[] = {
        { "ctrl-p,ctrl-q", "\x10\x11" },
        { "a,ctrl-[", "a\x1b" },
        { "ctrl-_", "\x1f" },
        { "", "" },
    };
    static const char *const bad[] = {
        "ctrl-",  "ctrl-P", "ab",
        ",a",     "a,,b",   "ctrl-pp",
        "ctrl-1", "Ctrl-p", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q",
    };
    struct detach_keys keys;
    struct error err = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_int_equal(detach_keys_parse(good[i].text, &keys, &err), 0);
        assert_int_equal(keys.count, strlen(good[i].bytes));
        assert_memory_equal(keys.keys, good[i].bytes, keys.count);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        err = (struct error){ 0 };
        assert_int_equal(detach_keys_parse(bad[i], &keys, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
    }
}

/* Typed at once and key by key, the same comes out. */
static void all_but_the_row_passes_through(void **state)
{
    static const struct {
        const char *keys, *typed, *passed;
        bool detached;
    } cases[] = {
        { "ctrl-p,ctrl-q", "ls\n", "ls\n", false },
        { "ctrl-p,ctrl-q", "ls\x10\x11more", "ls", true },
        { "ctrl-p,ctrl-q", "\x10x", "\x10x", false },
        { "ctrl-p,ctrl-q", "\x10\x10\x11", "\x10", true },
        { "a,a,b", "aaab", "a", true },
        { "a,b,a,c", "ababac", "ab", true },
        { "a,b,a,c", "abaabx", "abaabx", false },
        { "", "\x10\x11", "\x10\x11", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        for (size_t step = 1; step <= strlen(cases[i].typed); step++) {
            AUTO_TEXT struct text passed = { 0 };
            struct detach_keys keys;
            struct error err = { 0 };
            bool detached = false;

            assert_int_equal(detach_keys_parse(cases[i].keys, &keys, &err), 0);
            for (size_t at = 0; cases[i].typed[at] && !detached; at += step) {
                size_t left = strlen(cases[i].typed + at);

                detached = detach_keys_filter(&keys, cases[i].typed + at, MIN(step, left), &passed);
                if (left <= step)
                    break;
            }
            assert_string_equal(text_get(&passed), cases[i].passed);
            assert_int_equal(detached, cases[i].detached);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_characters_and_control_characters),
        cmocka_unit_test(all_but_the_row_passes_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
