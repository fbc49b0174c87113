/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdlib.h>

#include "image/reference.h"
#include "util/error.h"
#include "util/text.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void names_take_their_shortest_form_with_a_tag(void **state)
{
    static const char *const cases[][2] = {
        { "login", "login:latest" },
        { "login:v2", "login:v2" },
        { "docker.io/library/redis", "redis:latest" },
        { "docker.io/user/app:1", "user/app:1" },
        { "localhost:5000/a/b:c", "localhost:5000/a/b:c" },
        { "host.example/app", "host.example/app:latest" },
        { "a@sha256:" HEX64, "a@sha256:" HEX64 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error err = { 0 };
        char *name = NULL;

        assert_int_equal(reference_parse(cases[i][0], &name, &err), 0);
        assert_string_equal(name, cases[i][1]);
        free(name);
    }
}

static void what_is_no_name_is_refused(void **state)
{
    static const char *const cases[] = { "",     "UPPER", "a:",      "a b",  "/a", "a/",
                                         "a//b", "-a",    "a:b:c d", "../a", ":x", "a@sha256:12",
                                         "a@b",  "a:.x",  "a..",     "@" };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error err = { 0 };
        char *name = NULL;

        assert_int_equal(reference_parse(cases[i], &name, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
    }
}

static void ids_are_known_by_their_digits(void **state)
{
    (void)state;
    assert_true(reference_is_id("sha256:" HEX64));
    assert_true(reference_is_id("0123abcd"));
    assert_false(reference_is_id("xyz1"));
    assert_false(reference_is_id("012"));
    assert_false(reference_is_id(HEX64 "0"));
}

static void a_name_leads_to_a_repository_of_a_host(void **state)
{
    static const char *const cases[][5] = {
        { "redis", "docker.io", "library/redis", "latest", NULL },
        { "docker.io/user/app:1", "docker.io", "user/app", "1", NULL },
        { "localhost:5000/a:b", "localhost:5000", "a", "b", NULL },
        { "h.example/a/b/c", "h.example", "a/b/c", "latest", NULL },
        { "a@sha256:" HEX64, "docker.io", "library/a", NULL, "sha256:" HEX64 },
        { "h.example:1/a:t@sha256:" HEX64, "h.example:1", "a", NULL, "sha256:" HEX64 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error err = { 0 };
        AUTO_REFERENCE struct reference reference = { 0 };

        assert_int_equal(reference_split(cases[i][0], &reference, &err), 0);
        assert_string_equal(reference.host, cases[i][1]);
        assert_string_equal(reference.repository, cases[i][2]);
        assert_true(text_equal(reference.tag, cases[i][3]));
        assert_true(text_equal(reference.digest, cases[i][4]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_take_their_shortest_form_with_a_tag),
        cmocka_unit_test(what_is_no_name_is_refused),
        cmocka_unit_test(a_name_leads_to_a_repository_of_a_host),
        cmocka_unit_test(ids_are_known_by_their_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
