/* SPDX-License-Identifier: MIT */

/*
 * Text that grows
 *
 *     AUTO_TEXT struct text text = { 0 };
 *     text_add(&text, "hello");
 *     text_add_format(&text, " %d", 5);
 *     return text_steal(&text);
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/macro.h"

#define AUTO_TEXT __attribute__((cleanup(text_done)))

/* `data` is NULL while empty, else ended by a NUL that `length` does not count. */
struct text {
    char *data;
    size_t length;
    size_t capacity;
};

void text_done(struct text *text);
void text_clear(struct text *text); /* empty, keeps the memory */
void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const void *bytes, size_t length);
void text_add_char(struct text *text, char c);
void text_add_format(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);

/* Remove the first `length` bytes. */
void text_drop_front(struct text *text, size_t length);

/* The string so far; never NULL, valid until the next change. */
const char *text_get(const struct text *text);

/* Hand the string to the caller, who frees it; the text is empty afterwards. Never NULL. */
char *text_steal(struct text *text) MUST_CHECK;

/* Add `string` as a JSON string literal with its quotes, control bytes escaped. */
void text_add_quoted(struct text *text, const char *string);

bool text_starts_with(const char *string, const char *prefix);
bool text_ends_with(const char *string, const char *suffix);
bool text_is_empty(const char *string);        /* true for NULL too */
bool text_equal(const char *a, const char *b); /* NULL equals only NULL */

/* Is `word` one of the words of `list`, which are separated by `separator` or white space? */
bool text_has_word(const char *list, char separator, const char *word);

/*
 * Edit distance for "did you mean": the nearest of `words` (ended by NULL), or NULL if none
 * is near enough to be meant.
 */
const char *text_nearest(const char *word, const char *const *words);
