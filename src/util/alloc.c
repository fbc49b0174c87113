/* SPDX-License-Identifier: MIT */

/*
 * Memory that is there
 */

#include "util/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *pointer)
{
    if (pointer)
        return pointer;
    fputs("out of memory\n", stderr);
    abort();
}

void *alloc_zeroed(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1));
}

void *alloc_resize(void *pointer, size_t count, size_t size)
{
    return checked(reallocarray(pointer, count ? count : 1, size ? size : 1));
}

char *alloc_text(const char *text)
{
    return text ? checked(strdup(text)) : NULL;
}

char *alloc_text_part(const char *text, size_t length)
{
    char *copy = alloc_zeroed(length + 1, 1);

    memcpy(copy, text, length);
    return copy;
}

char *alloc_format(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    return checked(text);
}

void *alloc_grow(void *items, size_t count, size_t size)
{
    /* Capacity is implied by the count: arrays are reallocated at powers of two. */
    if (count == 0)
        items = alloc_resize(items, 1, size);
    else if ((count & (count - 1)) == 0)
        items = alloc_resize(items, count * 2, size);
    memset((char *)items + count * size, 0, size);
    return items;
}
