/* SPDX-License-Identifier: MIT */

/*
 * docs/reference/cartefile.md, made from the tables of instructions and of rules
 */

#pragma once

#include "util/text.h"

void document_cartefile_format(struct text *out);
