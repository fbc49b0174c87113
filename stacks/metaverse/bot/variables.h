/* SPDX-License-Identifier: MIT */

/*
 * Texts with holes
 *
 * What is sent and what is expected are written down once, with <u> and the like where each
 * run has a value of its own. An expected text may hold one '*', which matches anything; what
 * it matched can become a variable.
 */

#pragma once

#include <stdbool.h>

#define VARIABLES_COUNT 26

/* One for each letter; owned. */
struct variables {
    char *values[VARIABLES_COUNT];
};

void variables_done(struct variables *variables);
void variables_set(struct variables *variables, char letter, const char *value);
const char *variables_get(const struct variables *variables, char letter);

/* `text` with the values of its variables; the caller frees it. */
char *variables_expand(const struct variables *variables, const char *text);

/* Does `text` match? If so and `letter` is not 0, keep what the first '*' stood for. */
bool variables_match(struct variables *variables, const char *pattern, const char *text,
                     char letter);
