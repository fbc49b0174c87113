/* SPDX-License-Identifier: MIT */

/*
 * Several files become one
 *
 * Mappings merge, lists append, single values are replaced; commands are replaced whole, and
 * elements of a list that are the same thing (a port, a mount of one target) replace each
 * other in place. `!override` replaces a key wholesale and `!reset` removes it.
 */

#pragma once

#include "stack/field.h"
#include "stack/node.h"

/*
 * Merge the mapping `over` on `base`; both are of the kind `object` and in their long form.
 */
void merge_object(const struct object *object, struct node *base, const struct node *over);
