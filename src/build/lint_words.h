/* SPDX-License-Identifier: MIT */

/*
 * Rules that need nothing but the words of the file
 */

#pragma once

#include "build/lint.h"

void lint_words_check(struct lint *lint);
