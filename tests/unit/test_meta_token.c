/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <sodium.h>
#include <string.h>

#include "common/token.h"
#include "util/error.h"

static unsigned char public_key[TOKEN_PUBLIC_SIZE];
static unsigned char secret_key[TOKEN_SECRET_SIZE];
static char token[TOKEN_SIZE_MAX];

static int set_up(void **state)
{
    static const struct token_claims claims = { .user = "ann", .issued_s = 100, .expires_s = 200 };
    struct error err = { 0 };

    (void)state;
    if (sodium_init() < 0 || crypto_sign_keypair(public_key, secret_key) != 0)
        return -1;
    return token_sign(&claims, secret_key, token, &err);
}

static enum error_code verify(const char *text, int64_t now_s)
{
    struct token_claims claims = { 0 };
    struct error err = { 0 };

    return token_verify(text, public_key, now_s, &claims, &err) == 0 ? ERROR_NONE : err.code;
}

static void what_was_signed_is_read_back(void **state)
{
    struct token_claims claims = { 0 };
    struct error err = { 0 };

    (void)state;
    assert_int_equal(token_verify(token, public_key, 150, &claims, &err), 0);
    assert_string_equal(claims.user, "ann");
    assert_int_equal(claims.issued_s, 100);
    assert_int_equal(claims.expires_s, 200);
}

static void it_expires(void **state)
{
    (void)state;
    assert_int_equal(verify(token, 199), ERROR_NONE);
    assert_int_equal(verify(token, 200), ERROR_DENIED);
}

static void any_changed_byte_is_noticed(void **state)
{
    char changed[TOKEN_SIZE_MAX];

    (void)state;
    for (size_t i = 0; i < strlen(token); i++) {
        strcpy(changed, token);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_int_equal(verify(changed, 150), ERROR_DENIED);
        strcpy(changed, token);
        changed[i] = '\0';
        assert_int_equal(verify(changed, 150), ERROR_DENIED);
    }
}

static void another_key_is_noticed(void **state)
{
    unsigned char other_public[TOKEN_PUBLIC_SIZE];
    unsigned char other_secret[TOKEN_SECRET_SIZE];
    struct token_claims claims = { 0 };
    struct error err = { 0 };

    (void)state;
    crypto_sign_keypair(other_public, other_secret);
    assert_int_equal(token_verify(token, other_public, 150, &claims, &err), -1);
    assert_int_equal(err.code, ERROR_DENIED);
}

static void what_is_no_token_is_refused(void **state)
{
    char longest[2 * TOKEN_SIZE_MAX];

    (void)state;
    assert_int_equal(verify("", 150), ERROR_DENIED);
    assert_int_equal(verify("m1.", 150), ERROR_DENIED);
    assert_int_equal(verify("m1..", 150), ERROR_DENIED);
    assert_int_equal(verify("m1.e30.AAAA", 150), ERROR_DENIED);
    assert_int_equal(verify("a.b", 150), ERROR_DENIED);
    memset(longest, 'A', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    memcpy(longest, "m1.", 3);
    assert_int_equal(verify(longest, 150), ERROR_DENIED);
}

static void it_fits_into_a_game_message(void **state)
{
    struct token_claims claims = { .issued_s = INT32_MAX, .expires_s = INT32_MAX };
    struct error err = { 0 };
    char longest[TOKEN_SIZE_MAX];

    (void)state;
    memset(claims.user, '"', TOKEN_USER_MAX);
    assert_int_equal(token_sign(&claims, secret_key, longest, &err), 0);
    assert_null(strpbrk(longest, ";$ \"&?"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_is_read_back),
        cmocka_unit_test(it_expires),
        cmocka_unit_test(any_changed_byte_is_noticed),
        cmocka_unit_test(another_key_is_noticed),
        cmocka_unit_test(what_is_no_token_is_refused),
        cmocka_unit_test(it_fits_into_a_game_message),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
