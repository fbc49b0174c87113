/* SPDX-License-Identifier: MIT */

/*
 * Which images a command is about: --filter as docker has it
 *
 * dangling=true|false, reference=PATTERN (several: one of them), label=KEY[=VALUE] and label!=...
 * (all of them), before=IMAGE, since=IMAGE, until=TIME or a duration. Matching is pure.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "image/image.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;
struct store;

struct image_filter {
    bool has_dangling, dangling;
    struct strings references; /* patterns */
    struct strings labels, not_labels;
    int64_t before_ms, since_ms; /* wall time, neither included; 0: not asked */
};

/* The store is asked for the images that `before` and `since` name. ERROR_INVALID names the word.
 */
int image_filter_parse(const struct strings *words, struct store *store, int64_t wall_ms,
                       struct image_filter *out, struct error *err) MUST_CHECK;
void image_filter_done(struct image_filter *filter);
#define AUTO_IMAGE_FILTER __attribute__((cleanup(image_filter_done)))

/* Whether the image, under `name` (NULL: it has none), is one of those asked for. */
bool image_filter_matches(const struct image_filter *filter, const struct image *image,
                          const char *name);
