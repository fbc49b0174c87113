/* SPDX-License-Identifier: MIT */

/*
 * Images and their histories as rows of a listing. Pure.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cli/listing.h"
#include "image/image.h"
#include "util/json.h"
#include "util/macro.h"
#include "util/text.h"

extern const struct listing_column image_row_columns[];
extern const struct listing_column image_row_history_columns[];

/* How rows are shown. */
struct image_row_style {
    int64_t wall_ms; /* now */
    bool no_trunc;   /* ids and commands whole */
    bool exact;      /* sizes and times as numbers and dates */
};

/* The row of one name of an image, NULL: of an image without a name. */
struct json *image_row_new(const struct image *image, const char *name, uint64_t size_bytes,
                           const struct image_row_style *style) MUST_CHECK;

/* The row of a step of a history (describe_history()). */
struct json *image_row_new_step(const struct json *step,
                                const struct image_row_style *style) MUST_CHECK;

/* "5f70bf18a086" of "sha256:5f70bf18a086...", which stays whole with no_trunc. */
void image_row_add_id(const char *id, bool no_trunc, struct text *out);
