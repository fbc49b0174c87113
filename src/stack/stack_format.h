/* SPDX-License-Identifier: MIT */

/*
 * Writing the model, by the tables
 */

#pragma once

#include "stack/field.h"
#include "util/text.h"

/*
 * The rows of one object as YAML, each line behind `depth` pairs of blanks. Values that are
 * the default are left out; so are rows that can change while replicas run, if `lasting`.
 */
void stack_format_object(const struct object *object, const void *base, size_t depth, bool lasting,
                         struct text *out);
