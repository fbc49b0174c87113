/* SPDX-License-Identifier: MIT */

/*
 * The words of an instruction, with their quotes
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"
#include "util/strings.h"

/* The beginning of a here-document: <<NAME, <<-NAME, <<"NAME", 3<<NAME. */
struct cartefile_mark {
    char *name;
    bool strip_tabs;
    bool expand;   /* the name was not quoted */
    bool is_whole; /* nothing of the shell follows in the same word, as in <<NAME|sh */
};

/* The end of the word at `text`, behind its quotes. */
const char *cartefile_words_end(const char *text, char escape);

/* `word`, of `length` bytes, without its quotes and escapes; the caller frees it. */
char *cartefile_words_unquote(const char *word, size_t length, char escape) MUST_CHECK;

/* Split at blanks that are neither quoted nor escaped. */
void cartefile_words_split(const char *text, char escape, struct strings *out);

bool cartefile_words_find_mark(const char *word, char escape, struct cartefile_mark *out);
void cartefile_words_mark_done(struct cartefile_mark *mark);
