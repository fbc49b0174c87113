/* SPDX-License-Identifier: MIT */

/*
 * Short spellings become long ones
 *
 * After this step a tree has one form only: what may be written as a string, a list or a
 * mapping is what the row's kind says, keys of our own have lost their `x-carte-`, moved keys
 * stand where they belong, relative paths are absolute, and keys that mean nothing here are
 * gone. Unknown keys are reported here. Merging and decoding need not care any more.
 */

#pragma once

#include "stack/field.h"
#include "stack/reading.h"

/* Bring the mapping `map`, an object of the kind `object`, into its long form. */
void canonical_object(struct reading *reading, const struct object *object, struct node *map);
