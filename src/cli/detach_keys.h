/* SPDX-License-Identifier: MIT */

/*
 * The keys that leave a container to itself
 *
 * Pure: "ctrl-p,ctrl-q" is a row of bytes; what the user types passes through, but for that row.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/macro.h"
#include "util/text.h"

struct error;

#define DETACH_KEYS_MAX 16
#define DETACH_KEYS_DEFAULT "ctrl-p,ctrl-q"

struct detach_keys {
    char keys[DETACH_KEYS_MAX];
    size_t count;   /* 0: there are none */
    size_t matched; /* of those typed last, which are held back */
};

/*
 * Keys with a comma between: a character, or ctrl- and one of a-z @ [ \ ] ^ _. An empty text
 * means none.
 */
int detach_keys_parse(const char *text, struct detach_keys *out, struct error *err) MUST_CHECK;

/* Add what is to be passed on of `typed` to `out`; true: the whole row came, pass on no more. */
bool detach_keys_filter(struct detach_keys *keys, const char *typed, size_t length,
                        struct text *out);
