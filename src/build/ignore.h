/* SPDX-License-Identifier: MIT */

/*
 * Which files of a build context are left out: .carteignore, .dockerignore
 *
 * One pattern (pattern.h) a line, relative to the context; '#' in the first column begins a
 * comment, '!' takes back in; the last that matches counts. A matched folder takes its content
 * along, until a later '!' reaches in. Source: moby/patternmatcher.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/macro.h"

struct error;

#define IGNORE_SIZE_MAX (1U << 20)
#define IGNORE_RULES_MAX 10000U

struct ignore {
    struct ignore_rule *rules;
    size_t count;
    bool takes_back; /* there is a '!' */
};

/* ERROR_INVALID names the line of `name` that is wrong. *out is to be given to _done. */
int ignore_parse(const char *name, const char *text, size_t length, struct ignore *out,
                 struct error *err) MUST_CHECK;
void ignore_done(struct ignore *ignore);
#define AUTO_IGNORE __attribute__((cleanup(ignore_done)))

bool ignore_has(const struct ignore *ignore, const char *path);

/* Whether `path` matches a pattern as a whole; a pattern that is wrong matches nothing. */
bool ignore_match(const char *pattern, const char *path);
bool ignore_is_pattern(const char *text);
