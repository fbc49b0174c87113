/* SPDX-License-Identifier: MIT */

/*
 * Variables in values: $VAR and ${VAR...}
 *
 * `${VAR:-default}` and `${VAR-default}`, `${VAR:?message}` and `${VAR?message}`,
 * `${VAR:+other}` and `${VAR+other}`, nested in each other; `$$` is a dollar sign, and so is a
 * `$` that no name follows.
 */

#pragma once

#include "stack/node.h"
#include "util/strings.h"
#include "util/text.h"

struct error;

struct interpolate_scope {
    const struct strings_map *variables;
    struct strings *unset; /* names that were used without a value and default, or NULL */
    size_t budget;         /* bytes that values may still grow by */
};

#define INTERPOLATE_BUDGET (32U << 20)

/* Add `text` with its variables put in to `out`. ERROR_INVALID: it is no valid template. */
int interpolate_text(const char *text, struct interpolate_scope *scope, struct text *out,
                     struct error *err) MUST_CHECK;

/* Put the variables into every value (not key) of a tree; mistakes go to `diagnostics`. */
void interpolate_tree(struct node *node, struct interpolate_scope *scope,
                      struct diagnostics *diagnostics);
