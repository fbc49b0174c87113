/* SPDX-License-Identifier: MIT */

/*
 * Rate limits
 *
 * A token bucket for each key (an address, a user), in a table of fixed size: what a flood
 * of forged keys can do is push out other keys, not use up memory.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limit;

/* `rate` tokens come each second, at most `burst` are kept; a rate of 0 limits nothing. */
struct limit *limit_new(int64_t rate, int64_t burst);
void limit_free(struct limit *limit);

/* Take a token of `key`, if there is one. */
bool limit_take(struct limit *limit, const void *key, size_t length, int64_t now_ms);
