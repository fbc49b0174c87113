/* SPDX-License-Identifier: MIT */

/*
 * The directives at the top of a Cartefile: "# syntax=", "# escape=", "# check="
 */

#pragma once

#include "image/cartefile_lines.h"
#include "util/macro.h"

struct cartefile;
struct diagnostics;

/*
 * Read the directives; `lines` then stands before the first line that is none. Mistakes go to
 * `diagnostics`.
 */
void cartefile_directives_read(struct cartefile *cartefile, struct cartefile_lines *lines,
                               struct diagnostics *diagnostics);
