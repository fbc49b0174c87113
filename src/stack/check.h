/* SPDX-License-Identifier: MIT */

/*
 * Rules between the parts of a stack
 *
 * What no table can say: names that must exist, dependencies without a circle, things that
 * exclude each other. Defaults that follow from several parts are put in here as well.
 */

#pragma once

#include "stack/reading.h"
#include "stack/stack.h"

/* Put in the defaults that need the whole: names, the default network, images. */
void check_complete(struct stack *stack);

/* Report every breach; `root` is the tree that the stack was decoded from. */
void check_stack(struct reading *reading, const struct node *root, const struct stack *stack);
