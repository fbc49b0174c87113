/* SPDX-License-Identifier: MIT */

/*
 * Patterns of paths
 *
 * '*' and '?' stand for characters of a name, "**" for any number of folders, [a-z] and [^a-z] for
 * one character, '\' takes the next as it is. A pattern is a list of tokens, and a path is matched
 * by following all ways through it at once: the time is bounded by the product of their lengths.
 * Source: moby/patternmatcher, whose matches these are, also the odd ones ("**.c" is any suffix).
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"

struct error;

#define PATTERN_LENGTH_MAX 4096U

struct pattern {
    struct pattern_token *tokens;
    size_t count;
    struct pattern_range {
        uint32_t low, high;
    } * ranges; /* of all sets */
    size_t range_count;
};

/* ERROR_INVALID says what is wrong with the text. */
int pattern_parse(const char *text, struct pattern *out, struct error *err) MUST_CHECK;
void pattern_done(struct pattern *pattern);
#define AUTO_PATTERN __attribute__((cleanup(pattern_done)))

/* Whether it matches the whole path or, with `or_parent`, one of the folders above. */
bool pattern_matches(const struct pattern *pattern, const char *path, bool or_parent);
