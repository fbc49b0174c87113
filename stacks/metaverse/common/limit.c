/* SPDX-License-Identifier: MIT */

/*
 * Rate limits
 *
 * Each key has four places it may be in. The place used longest ago is given away when all
 * four are taken. The hash is keyed, so that nobody can aim at the places of another key.
 */

#include "common/limit.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/macro.h"

#define SLOTS 4096
#define WAYS 4

struct bucket {
    uint64_t key; /* 0: empty */
    int64_t millitokens;
    int64_t at_ms;
};

struct limit {
    int64_t rate;
    int64_t burst;
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
    struct bucket buckets[SLOTS];
};

struct limit *limit_new(int64_t rate, int64_t burst)
{
    struct limit *limit = alloc_new(struct limit);

    limit->rate = rate;
    limit->burst = burst;
    crypto_shorthash_keygen(limit->hash_key);
    return limit;
}

void limit_free(struct limit *limit)
{
    free(limit);
}

static uint64_t hash(const struct limit *limit, const void *key, size_t length)
{
    unsigned char bytes[crypto_shorthash_BYTES];
    uint64_t number = 0;

    crypto_shorthash(bytes, key, length, limit->hash_key);
    memcpy(&number, bytes, sizeof(number));
    return number ? number : 1;
}

/* The bucket of `key`: its own, else an empty or the oldest one, made full. */
static struct bucket *find_bucket(struct limit *limit, uint64_t key, int64_t now_ms)
{
    struct bucket *set = &limit->buckets[key % (SLOTS / WAYS) * WAYS];
    struct bucket *oldest = set;

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].key == key)
            return &set[i];
        if (set[i].at_ms < oldest->at_ms)
            oldest = &set[i];
    }
    *oldest = (struct bucket){ .key = key, .millitokens = limit->burst * 1000, .at_ms = now_ms };
    return oldest;
}

bool limit_take(struct limit *limit, const void *key, size_t length, int64_t now_ms)
{
    struct bucket *bucket = NULL;

    if (limit->rate == 0)
        return true;
    bucket = find_bucket(limit, hash(limit, key, length), now_ms);
    bucket->millitokens += MIN(now_ms - bucket->at_ms, INT64_C(1000000)) * limit->rate;
    bucket->millitokens = MIN(bucket->millitokens, limit->burst * 1000);
    bucket->at_ms = now_ms;
    if (bucket->millitokens < 1000)
        return false;
    bucket->millitokens -= 1000;
    return true;
}
