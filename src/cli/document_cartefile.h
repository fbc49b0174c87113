/* SPDX-License-Identifier: MIT */

/*
 * docs/reference/cartefile.md and the fuzzer's dictionary, made from the tables of instructions and
 * of rules
 */

#pragma once

#include "util/text.h"

void document_cartefile_format(struct text *out);

/* tests/fuzz/fuzz_cartefile.dict: what is worth trying. */
void document_cartefile_format_dictionary(struct text *out);
