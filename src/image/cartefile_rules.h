/* SPDX-License-Identifier: MIT */

/*
 * What each instruction of a Cartefile may have: one row for each keyword
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "image/cartefile.h"

#define CARTEFILE_FLAGS_MAX 9

/* How often a flag may stand, and whether it may do so without a value. */
enum cartefile_flag_kind { CARTEFILE_ONCE, CARTEFILE_AGAIN, CARTEFILE_SWITCH };

struct cartefile_rule {
    const char *name;
    const char *form; /* what follows the flags, for people */
    const char *doc;  /* one sentence */
    struct cartefile_flag {
        const char *name;
        enum cartefile_flag_kind kind;
    } flags[CARTEFILE_FLAGS_MAX];
    const char *missing[CARTEFILE_FLAGS_MAX]; /* flags that are known, but not built */
    size_t words_min, words_max;              /* 0: any number */
    bool takes_json;                          /* a JSON array is its words */
    bool takes_heredocs;
    bool expands; /* variables are replaced */
};

const struct cartefile_rule *cartefile_rules_get(enum cartefile_keyword keyword);

/* NULL: there is no such instruction; it is known without regard to case. */
const struct cartefile_rule *cartefile_rules_find(const char *word, enum cartefile_keyword *out);

const struct cartefile_flag *cartefile_rules_find_flag(const struct cartefile_rule *rule,
                                                       const char *name);

/* The nearest instruction or flag, or NULL. */
const char *cartefile_rules_nearest(const char *word);
const char *cartefile_rules_nearest_flag(const struct cartefile_rule *rule, const char *name);
