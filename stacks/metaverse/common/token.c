/* SPDX-License-Identifier: MIT */

/*
 * Session tokens
 */

#include "common/token.h"

#include <sodium.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/error.h"
#include "util/json.h"

#define PREFIX "m1."
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

static char *format_claims(const struct token_claims *claims)
{
    AUTO(json) struct json *json = json_new_object();

    json_set_text(json, "sub", claims->user);
    json_set_int(json, "iat", claims->issued_s);
    json_set_int(json, "exp", claims->expires_s);
    return json_print(json, false);
}

static int read_claims(const char *text, size_t length, struct token_claims *claims_out)
{
    struct error err = { 0 };
    AUTO(json) struct json *json = json_parse(text, length, &err);
    const char *user = json_find_text(json, "sub", "");

    if (*user == '\0' || strlen(user) > TOKEN_USER_MAX)
        return -1;
    *claims_out = (struct token_claims){
        .issued_s = json_find_int(json, "iat", 0),
        .expires_s = json_find_int(json, "exp", 0),
    };
    strcpy(claims_out->user, user);
    return 0;
}

int token_sign(const struct token_claims *claims, const unsigned char secret[TOKEN_SECRET_SIZE],
               char text_out[TOKEN_SIZE_MAX], struct error *err)
{
    unsigned char signature[crypto_sign_BYTES];
    AUTO_FREE char *payload = format_claims(claims);
    size_t length = strlen(payload);
    size_t encoded = sodium_base64_ENCODED_LEN(length, VARIANT) - 1;
    size_t signed_length = strlen(PREFIX) + encoded;
    char text[TOKEN_SIZE_MAX] = PREFIX;

    if (signed_length + 1 + sodium_base64_ENCODED_LEN(sizeof(signature), VARIANT) > sizeof(text))
        return error_set(err, ERROR_INVALID, "the claims are too long for a token");
    sodium_bin2base64(text + strlen(PREFIX), sizeof(text) - strlen(PREFIX),
                      (const unsigned char *)payload, length, VARIANT);
    crypto_sign_detached(signature, NULL, (const unsigned char *)text, signed_length, secret);
    text[signed_length] = '.';
    sodium_bin2base64(text + signed_length + 1, sizeof(text) - signed_length - 1, signature,
                      sizeof(signature), VARIANT);
    memcpy(text_out, text, sizeof(text));
    return 0;
}

/* Decode all of `text`; anything but whole, canonical base64 is refused. */
static int decode(const char *text, size_t length, unsigned char *bytes, size_t size,
                  size_t *length_out)
{
    const char *end = NULL;

    if (sodium_base642bin(bytes, size, text, length, NULL, length_out, &end, VARIANT) != 0)
        return -1;
    return end == text + length ? 0 : -1;
}

int token_verify(const char *text, const unsigned char public_key[TOKEN_PUBLIC_SIZE], int64_t now_s,
                 struct token_claims *claims_out, struct error *err)
{
    unsigned char signature[crypto_sign_BYTES];
    unsigned char payload[TOKEN_SIZE_MAX];
    struct token_claims claims = { 0 };
    const char *dot = strrchr(text, '.');
    size_t length = 0;

    if (strlen(text) >= TOKEN_SIZE_MAX || strncmp(text, PREFIX, strlen(PREFIX)) != 0 ||
        dot < text + strlen(PREFIX))
        return error_set(err, ERROR_DENIED, "not a session token: log in again");
    if (decode(dot + 1, strlen(dot + 1), signature, sizeof(signature), &length) < 0 ||
        length != sizeof(signature) ||
        crypto_sign_verify_detached(signature, (const unsigned char *)text, (size_t)(dot - text),
                                    public_key) != 0)
        return error_set(err, ERROR_DENIED, "the session token was not signed here: log in again");
    text += strlen(PREFIX);
    if (decode(text, (size_t)(dot - text), payload, sizeof(payload), &length) < 0 ||
        read_claims((const char *)payload, length, &claims) < 0)
        return error_set(err, ERROR_DENIED, "the session token has no claims: log in again");
    if (claims.expires_s <= now_s)
        return error_set(err, ERROR_DENIED, "the session has expired: log in again");
    *claims_out = claims;
    return 0;
}
