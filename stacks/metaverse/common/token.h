/* SPDX-License-Identifier: MIT */

/*
 * Session tokens
 *
 * A token is "m1.", the claims as JSON, a dot, and an Ed25519 signature of all before it;
 * both parts in URL-safe base64 without padding, so that a token fits into a header, a URL
 * and a game message. Login signs; every server verifies with the public key alone.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"

struct error;

#define TOKEN_USER_MAX 64
#define TOKEN_SIZE_MAX 512 /* of the text, with its NUL */
#define TOKEN_PUBLIC_SIZE 32
#define TOKEN_SECRET_SIZE 64

struct token_claims {
    char user[TOKEN_USER_MAX + 1];
    int64_t issued_s; /* seconds since 1970 */
    int64_t expires_s;
};

int token_sign(const struct token_claims *claims, const unsigned char secret[TOKEN_SECRET_SIZE],
               char text_out[TOKEN_SIZE_MAX], struct error *err) MUST_CHECK;

/*
 * ERROR_DENIED: the token is not ours, was changed, or has expired. The claims are read
 * only after the signature was found good.
 */
int token_verify(const char *text, const unsigned char public_key[TOKEN_PUBLIC_SIZE], int64_t now_s,
                 struct token_claims *claims_out, struct error *err) MUST_CHECK;
