/* SPDX-License-Identifier: MIT */

/*
 * Which files of a build context are left out: .carteignore, else .dockerignore
 *
 * One pattern a line: '*' and '?' within a name, '**' over any depth, [a-z] sets, '!' takes
 * back in; the last that matches counts. A matched folder takes its content along.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/macro.h"

#define IGNORE_SIZE_MAX (1U << 20)

struct ignore {
    struct ignore_rule *rules;
    size_t count;
    bool takes_back; /* there is a '!' */
};

void ignore_parse(const char *text, size_t length, struct ignore *out);
void ignore_done(struct ignore *ignore);
#define AUTO_IGNORE __attribute__((cleanup(ignore_done)))

bool ignore_has(const struct ignore *ignore, const char *path);

/* Whether `path` matches a pattern as a whole: also for the sources of COPY. */
bool ignore_match(const char *pattern, const char *path);
bool ignore_is_pattern(const char *text);
