/* SPDX-License-Identifier: MIT */

/*
 * Images as `carte images` and `carte inspect` show them. Pure.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "image/image.h"
#include "util/json.h"
#include "util/macro.h"
#include "util/text.h"

/* One row for each name; an image without a name has one row, too. */
void image_row_format_table(struct image *const *images, size_t count, int64_t wall_ms,
                            struct text *out);
void image_row_format_json(struct image *const *images, size_t count, struct text *out);
void image_row_format_ids(struct image *const *images, size_t count, struct text *out);

/* The object of `inspect`; its members are those of `docker image inspect` where it has them. */
struct json *image_row_describe(const struct image *image) MUST_CHECK;

/* "login:v2" is "login" and "v2"; a port of a registry is no tag. The caller frees both. */
void image_row_split_name(const char *name, char **repository_out, char **tag_out);
