/* SPDX-License-Identifier: MIT */

/*
 * The stages of a Cartefile, and which of them are needed
 */

#pragma once

#include "build/stage.h"
#include "util/macro.h"

struct error;

/* Read the FROM lines into builder->stages. */
int stage_list_read(struct builder *builder, struct error *err) MUST_CHECK;

/*
 * The stage of that name or, with `by_number`, number among the first `limit` of them; of several
 * the last. NULL: there is none.
 */
struct stage *stage_list_find(const struct builder *builder, size_t limit, const char *name,
                              bool by_number);

/*
 * Put before the text of *err, which must be filled, that no earlier stage is called `name`, if one
 * is called nearly so. Returns -1.
 */
int stage_list_hint(const struct stage *stage, const char *name, struct error *err);

/* The stage that another begins from; NULL: an image, or nothing. */
struct stage *stage_list_find_below(const struct stage *stage);

/* The stage that --target names, or the last. ERROR_NOT_FOUND names the nearest. */
int stage_list_find_target(const struct builder *builder, struct stage **out,
                           struct error *err) MUST_CHECK;

/*
 * The same stage. It and all that it needs are marked: their `needs` and the images that they
 * begin from are known then. ERROR_NOT_FOUND also when such an image is not in the store.
 */
int stage_list_choose(struct builder *builder, struct stage **out, struct error *err) MUST_CHECK;

/*
 * Mark the stages of which no step is to come from the cache. ERROR_NOT_FOUND: the request names
 * one that there is not.
 */
int stage_list_mark_fresh(struct builder *builder, struct error *err) MUST_CHECK;
