/* SPDX-License-Identifier: MIT */

/*
 * The paths that a source of COPY or ADD stands for
 */

#pragma once

#include <stdbool.h>

#include "build/source.h"

struct merged_node;

/*
 * Add the paths that `word` matches, clean and relative to the root of the source: one part of a
 * pattern matches one part of a path, and with `deep` the part "**" any number of folders. A
 * word without a pattern is itself. ERROR_NOT_FOUND: nothing matches, or nothing that the
 * ignore file leaves.
 */
int copy_match_add(struct source *source, const char *word, bool deep, struct strings *out,
                   struct error *err) MUST_CHECK;

/* Look up what is to be copied; ERROR_NOT_FOUND says whether the ignore file is the reason. */
int copy_match_find(struct source *source, const char *path, struct merged_node *node,
                    struct error *err) MUST_CHECK;

/* Without "." and "..", which lead no further than the root; "" is the root. */
char *copy_match_clean(const char *path) MUST_CHECK;
