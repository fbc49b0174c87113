/* SPDX-License-Identifier: MIT */

/*
 * The words of an instruction with the values that variables have in a stage
 */

#pragma once

#include "build/stage.h"
#include "util/macro.h"

/* Replace variables; errors get the place in the Cartefile in front. */
int stage_expand(const struct stage *stage, const struct cartefile_instruction *at,
                 const char *word, char **out, struct error *err) MUST_CHECK;
int stage_expand_text(const struct stage *stage, const struct cartefile_instruction *at,
                      const char *text, char **out, struct error *err) MUST_CHECK;

/* All words of the instruction; those in JSON form keep their quotes and blanks. */
int stage_expand_words(const struct stage *stage, const struct cartefile_instruction *at,
                       struct strings *out, struct error *err) MUST_CHECK;
