/* SPDX-License-Identifier: MIT */

/*
 * What can be wrong with an instruction by itself, before any variable is known
 */

#pragma once

#include "image/cartefile_instruction.h"
#include "util/macro.h"

/* `offset` is that of the words. -1: it is wrong, and the diagnostics say why. */
int cartefile_check_instruction(const struct cartefile_reading *reading, size_t offset,
                                const struct cartefile_instruction *at) MUST_CHECK;

/* Whether an instruction may follow ONBUILD. */
bool cartefile_check_is_trigger(enum cartefile_keyword keyword);

/* What may stand where: FROM first, and the short form by itself. Mistakes go to `diagnostics`. */
void cartefile_check_order(struct cartefile *cartefile, struct diagnostics *diagnostics);
