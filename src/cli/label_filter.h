/* SPDX-License-Identifier: MIT */

/*
 * Labels on the command line: --label of what is made, --filter of lists of things with names
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"
#include "util/strings.h"

struct error;

/* "KEY=VALUE" and "KEY" words to a map. */
void label_filter_read_labels(const struct strings *words, struct strings_map *out);

/*
 * name=PART (several: one of them), label=KEY[=VALUE] (all of them), dangling=true|false: whether
 * nobody uses it.
 */
struct label_filter {
    struct strings names, labels;
    bool has_dangling, dangling;
};

/* ERROR_INVALID names the word. */
int label_filter_parse(const struct strings *words, struct label_filter *out,
                       struct error *err) MUST_CHECK;
void label_filter_done(struct label_filter *filter);
#define AUTO_LABEL_FILTER __attribute__((cleanup(label_filter_done)))

bool label_filter_matches(const struct label_filter *filter, const char *name,
                          const struct strings_map *labels, bool is_used);
