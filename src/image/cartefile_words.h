/* SPDX-License-Identifier: MIT */

/*
 * The words of an instruction, with their quotes
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"
#include "util/strings.h"

/* The beginning of a here-document: <<NAME, <<-NAME, <<"NAME". */
struct cartefile_mark {
    char *name;
    bool strip_tabs;
    bool expand;
};

/* Split at blanks that are neither quoted nor escaped. */
void cartefile_words_split(const char *text, char escape, struct strings *out);

bool cartefile_words_find_mark(const char *word, struct cartefile_mark *out);
void cartefile_words_mark_done(struct cartefile_mark *mark);
