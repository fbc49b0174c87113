/* SPDX-License-Identifier: MIT */

/*
 * The reference of all keys of the stack file, docs/reference/stack.md
 */

#pragma once

#include "util/text.h"

/* Add the reference in Markdown. */
void schema_reference_write(struct text *out);
