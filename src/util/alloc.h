/* SPDX-License-Identifier: MIT */

/*
 * Memory that is there
 *
 * Allocation cannot fail: when memory is exhausted the program says so and aborts. That is
 * safe here because every size that comes from outside is checked against a limit first, and
 * because containers do not die with the supervisor (docs/decisions/0002). Nothing outside of
 * this module and text.c calls malloc() or realloc().
 */

#pragma once

#include <stddef.h>

#include "util/macro.h"

/* A zeroed object or array; free() releases it. */
#define alloc_new(type) ((type *)alloc_zeroed(1, sizeof(type)))
#define alloc_array(type, count) ((type *)alloc_zeroed((count), sizeof(type)))

void *alloc_zeroed(size_t count, size_t size) MUST_CHECK;

/* Grow or shrink `pointer` (NULL: allocate) to count * size bytes; new bytes are not zeroed. */
void *alloc_resize(void *pointer, size_t count, size_t size) MUST_CHECK;

/* A copy of `text`; NULL gives NULL. */
char *alloc_text(const char *text) MUST_CHECK;

/* A copy of the first `length` bytes of `text`, ended by a NUL. */
char *alloc_text_part(const char *text, size_t length) MUST_CHECK;

/* A formatted string. */
char *alloc_format(const char *format, ...) PRINTF_LIKE(1, 2) MUST_CHECK;

/*
 * Append one zeroed element to the array `items` of `count` elements and return a pointer to
 * it; the array doubles as it grows, and `count` is raised. Use as
 *     struct port *port = ALLOC_APPEND(service->ports, service->port_count);
 */
#define ALLOC_APPEND(items, count)                                \
    ({                                                            \
        (items) = alloc_grow((items), (count), sizeof(*(items))); \
        &(items)[(count)++];                                      \
    })
void *alloc_grow(void *items, size_t count, size_t size) MUST_CHECK;
