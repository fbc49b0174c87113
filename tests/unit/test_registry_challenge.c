/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "image/registry_challenge.h"
#include "util/error.h"
#include "util/text.h"

#define REALM "realm=\"https://auth.example/token\""

static void challenges_are_read(void **state)
{
    static const struct {
        const char *header;
        enum registry_challenge_kind kind;
        const char *realm, *service, *scope;
    } cases[] = {
        { "Basic", REGISTRY_CHALLENGE_BASIC, NULL, NULL, NULL },
        { "basic realm=\"a b\"", REGISTRY_CHALLENGE_BASIC, "a b", NULL, NULL },
        { "Bearer " REALM ",service=\"s\",scope=\"repository:a/b:pull,push\"",
          REGISTRY_CHALLENGE_BEARER, "https://auth.example/token", "s",
          "repository:a/b:pull,push" },
        { "BEARER  realm = https ,\tservice = x", REGISTRY_CHALLENGE_BEARER, "https", "x", NULL },
        { "Basic realm=\"b\", Bearer " REALM, REGISTRY_CHALLENGE_BEARER,
          "https://auth.example/token", NULL, NULL },
        { "Bearer " REALM ", Basic realm=\"b\"", REGISTRY_CHALLENGE_BEARER,
          "https://auth.example/token", NULL, NULL },
        { "Negotiate YII+/==, Basic realm=\"b\"", REGISTRY_CHALLENGE_BASIC, "b", NULL, NULL },
        { "Negotiate, Basic", REGISTRY_CHALLENGE_BASIC, NULL, NULL, NULL },
        { "Bearer realm=\"a\\\"b\\\\\"", REGISTRY_CHALLENGE_BEARER, "a\"b\\", NULL, NULL },
        { "Bearer realm=\"\",realm=\"x\"", REGISTRY_CHALLENGE_BEARER, "", NULL, NULL },
        { "Bearer error=\"invalid_token\", " REALM, REGISTRY_CHALLENGE_BEARER,
          "https://auth.example/token", NULL, NULL },
        { ", ,Basic,,", REGISTRY_CHALLENGE_BASIC, NULL, NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_REGISTRY_CHALLENGE struct registry_challenge found = { 0 };
        struct error err = { 0 };

        assert_int_equal(registry_challenge_parse(cases[i].header, &found, &err), 0);
        assert_int_equal(found.kind, cases[i].kind);
        assert_true(text_equal(found.realm, cases[i].realm));
        assert_true(text_equal(found.service, cases[i].service));
        assert_true(text_equal(found.scope, cases[i].scope));
    }
}

static void what_is_no_challenge_is_refused(void **state)
{
    static const struct {
        const char *header;
        enum error_code code;
    } cases[] = {
        { "", ERROR_UNSUPPORTED },
        { "Negotiate", ERROR_UNSUPPORTED },
        { "Bearer service=\"x\"", ERROR_UNSUPPORTED }, /* to where? */
        { "Bearer realm=\"x", ERROR_INVALID },
        { "Bearer realm=\"x\\", ERROR_INVALID },
        { "Bearer realm=\"x\r\nEvil: 1\"", ERROR_INVALID },
        { "=x", ERROR_INVALID },
        { "Basic realm=\"a\" \"b\"", ERROR_INVALID },
        { "Basic @", ERROR_INVALID },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_REGISTRY_CHALLENGE struct registry_challenge found = { 0 };
        struct error err = { 0 };

        assert_int_equal(registry_challenge_parse(cases[i].header, &found, &err), -1);
        assert_int_equal(err.code, cases[i].code);
        assert_null(found.realm);
    }
}

static void a_challenge_has_a_longest_length(void **state)
{
    AUTO_TEXT struct text header = { 0 };
    AUTO_REGISTRY_CHALLENGE struct registry_challenge found = { 0 };
    struct error err = { 0 };

    (void)state;
    text_add(&header, "Basic");
    while (header.length <= REGISTRY_CHALLENGE_SIZE_MAX)
        text_add(&header, ", a=b");
    assert_int_equal(registry_challenge_parse(text_get(&header), &found, &err), -1);
    assert_int_equal(err.code, ERROR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenges_are_read),
        cmocka_unit_test(what_is_no_challenge_is_refused),
        cmocka_unit_test(a_challenge_has_a_longest_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
