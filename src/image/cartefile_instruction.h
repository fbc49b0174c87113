/* SPDX-License-Identifier: MIT */

/*
 * One instruction of a Cartefile: keyword, flags, words and here-documents
 */

#pragma once

#include "image/cartefile.h"
#include "image/cartefile_lines.h"
#include "util/macro.h"

struct diagnostics;

/* The file as far as it is read. */
struct cartefile_reading {
    struct cartefile *cartefile;
    struct diagnostics *diagnostics;
    struct cartefile_lines lines;
    struct cartefile_line line; /* of the instruction that is read */
};

/*
 * Read the instruction of reading->line into *out, which is empty, and the here-documents behind
 * it. -1: it is wrong, and `diagnostics` says why; *out is to be given to _done in any case.
 */
int cartefile_instruction_read(struct cartefile_reading *reading,
                               struct cartefile_instruction *out) MUST_CHECK;
void cartefile_instruction_done(struct cartefile_instruction *instruction);

/* Of an instruction that stands elsewhere than it was read. */
void cartefile_instruction_forget_places(struct cartefile_instruction *instruction);

/* Add a mistake at the byte `offset` of the instruction that is read. Returns -1. */
int cartefile_instruction_refuse(const struct cartefile_reading *reading, size_t offset,
                                 const char *format, ...) PRINTF_LIKE(3, 4);
