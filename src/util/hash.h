/* SPDX-License-Identifier: MIT */

/*
 * SHA-256
 *
 * The digest that names images, layers and cached steps; the arithmetic is nettle's.
 *
 *     struct hash_sha256 hash;
 *     char hex[HASH_SHA256_HEX_SIZE];
 *     hash_sha256_init(&hash);
 *     hash_sha256_update(&hash, data, length);
 *     hash_sha256_hex(&hash, hex);
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#define HASH_SHA256_SIZE 32
#define HASH_SHA256_HEX_SIZE 65 /* with the NUL */

struct hash_sha256 {
    uint64_t state[16];
};

void hash_sha256_init(struct hash_sha256 *hash);
void hash_sha256_update(struct hash_sha256 *hash, const void *data, size_t length);

/* Add a string with its NUL, so that the borders between several strings count. */
void hash_sha256_update_text(struct hash_sha256 *hash, const char *text);

/* The digest so far; the hash begins anew. */
void hash_sha256_digest(struct hash_sha256 *hash, uint8_t out[HASH_SHA256_SIZE]);
void hash_sha256_hex(struct hash_sha256 *hash, char out[HASH_SHA256_HEX_SIZE]);

/* The same of one piece of data. */
void hash_sha256_hex_of(const void *data, size_t length, char out[HASH_SHA256_HEX_SIZE]);
