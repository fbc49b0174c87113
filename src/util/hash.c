/* SPDX-License-Identifier: MIT */

/*
 * SHA-256
 */

#include "util/hash.h"

#include <nettle/sha2.h>
#include <string.h>

_Static_assert(sizeof(struct hash_sha256) >= sizeof(struct sha256_ctx), "the context fits");

static struct sha256_ctx *context_of(struct hash_sha256 *hash)
{
    return (struct sha256_ctx *)hash->state;
}

void hash_sha256_init(struct hash_sha256 *hash)
{
    sha256_init(context_of(hash));
}

void hash_sha256_update(struct hash_sha256 *hash, const void *data, size_t length)
{
    sha256_update(context_of(hash), length, data);
}

void hash_sha256_update_text(struct hash_sha256 *hash, const char *text)
{
    hash_sha256_update(hash, text, strlen(text) + 1);
}

void hash_sha256_digest(struct hash_sha256 *hash, uint8_t out[HASH_SHA256_SIZE])
{
    sha256_digest(context_of(hash), HASH_SHA256_SIZE, out);
}

void hash_sha256_hex(struct hash_sha256 *hash, char out[HASH_SHA256_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[HASH_SHA256_SIZE];

    hash_sha256_digest(hash, digest);
    for (size_t i = 0; i < HASH_SHA256_SIZE; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[2 * HASH_SHA256_SIZE] = '\0';
}

void hash_sha256_hex_of(const void *data, size_t length, char out[HASH_SHA256_HEX_SIZE])
{
    struct hash_sha256 hash;

    hash_sha256_init(&hash);
    hash_sha256_update(&hash, data, length);
    hash_sha256_hex(&hash, out);
}
