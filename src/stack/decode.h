/* SPDX-License-Identifier: MIT */

/*
 * A tree in its long form becomes the model
 */

#pragma once

#include "stack/field.h"
#include "stack/reading.h"

/*
 * Fill the struct at `base`, which is zeroed, from the mapping `map` (NULL: nothing was
 * written). Defaults are put in; mistakes go to the diagnostics.
 */
void decode_object(struct reading *reading, const struct object *object, const struct node *map,
                   void *base);

/* Free everything that the rows of `object` own in the struct at `base`, and zero that. */
void decode_free(const struct object *object, void *base);
