/* SPDX-License-Identifier: MIT */

/*
 * Small macros used everywhere
 */

#pragma once

#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first) __attribute__((format(printf, format_index, first)))

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* The member at `offset` of the struct at `base`; the caller knows its type. */
#define member_at(base, offset) ((void *)(macro_member_base(base) + (offset)))
#define member_at_const(base, offset) ((const void *)((const char *)(base) + (offset)))

static inline char *macro_member_base(void *base)
{
    return base;
}

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
