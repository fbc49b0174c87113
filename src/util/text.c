/* SPDX-License-Identifier: MIT */

/*
 * Text that grows
 */

#include "util/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

static void reserve(struct text *text, size_t more)
{
    size_t need = text->length + more + 1;

    if (need <= text->capacity)
        return;
    text->capacity = MAX(need, text->capacity * 2);
    text->capacity = MAX(text->capacity, 64U);
    text->data = alloc_resize(text->data, text->capacity, 1);
}

void text_done(struct text *text)
{
    free(text->data);
    *text = (struct text){ 0 };
}

void text_clear(struct text *text)
{
    text->length = 0;
    if (text->data)
        text->data[0] = '\0';
}

void text_add_bytes(struct text *text, const void *bytes, size_t length)
{
    reserve(text, length);
    if (length > 0)
        memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
    text_add_bytes(text, string, strlen(string));
}

void text_add_char(struct text *text, char c)
{
    text_add_bytes(text, &c, 1);
}

void text_add_format(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_list again;
    int length = 0;

    va_start(arguments, format);
    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length > 0) {
        reserve(text, (size_t)length);
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void text_drop_front(struct text *text, size_t length)
{
    length = MIN(length, text->length);
    if (length == 0)
        return;
    memmove(text->data, text->data + length, text->length - length + 1);
    text->length -= length;
}

const char *text_get(const struct text *text)
{
    return text->data ? text->data : "";
}

char *text_steal(struct text *text)
{
    char *data = text->data ? text->data : alloc_text("");

    *text = (struct text){ 0 };
    return data;
}

void text_add_quoted(struct text *text, const char *string)
{
    text_add_char(text, '"');
    for (const unsigned char *p = (const unsigned char *)string; *p; p++) {
        if (*p == '"' || *p == '\\')
            text_add_format(text, "\\%c", *p);
        else if (*p == '\n')
            text_add(text, "\\n");
        else if (*p < 0x20 || *p == 0x7f)
            text_add_format(text, "\\u%04x", *p);
        else
            text_add_char(text, (char)*p);
    }
    text_add_char(text, '"');
}

bool text_starts_with(const char *string, const char *prefix)
{
    return strncmp(string, prefix, strlen(prefix)) == 0;
}

bool text_ends_with(const char *string, const char *suffix)
{
    size_t length = strlen(string);
    size_t tail = strlen(suffix);

    return length >= tail && strcmp(string + length - tail, suffix) == 0;
}

bool text_is_empty(const char *string)
{
    return !string || !*string;
}

bool text_equal(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    return strcmp(a, b) == 0;
}

bool text_has_word(const char *list, char separator, const char *word)
{
    const char delimiters[] = { separator, ' ', '\n', '\0' };
    size_t length = strlen(word);

    while (*list) {
        size_t span = strcspn(list, delimiters);

        if (span == length && strncmp(list, word, length) == 0)
            return true;
        list += span;
        list += strspn(list, delimiters);
    }
    return false;
}

#define WORD_MAX 63

/* Levenshtein distance of two words of at most WORD_MAX characters. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    size_t width = strlen(b);

    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);

            diagonal = row[j];
            row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[width];
}

const char *text_nearest(const char *word, const char *const *words)
{
    const char *nearest = NULL;
    size_t limit = strlen(word) / 3 + 1;

    if (strlen(word) > WORD_MAX)
        return NULL;
    for (; *words; words++) {
        size_t d = strlen(*words) > WORD_MAX ? limit + 1 : distance(word, *words);

        if (d > limit || (nearest && d == limit))
            continue;
        nearest = *words;
        limit = d;
    }
    return nearest;
}
