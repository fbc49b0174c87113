/* SPDX-License-Identifier: MIT */

/*
 * Rows and the members they fill: the macros that write both, and check that they fit
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/strings.h"

/* clang-format off */
#define FIELD_STRING_TYPE char *
#define FIELD_PATH_TYPE char *
#define FIELD_INT_TYPE int64_t
#define FIELD_COUNT_TYPE uint64_t
#define FIELD_BOOL_TYPE bool
#define FIELD_DURATION_TYPE int64_t
#define FIELD_BYTES_TYPE uint64_t
#define FIELD_MILLIS_TYPE int64_t
#define FIELD_CPUS_TYPE uint64_t
#define FIELD_MODE_TYPE uint32_t
#define FIELD_ID_TYPE uint32_t
#define FIELD_PORT_TYPE uint16_t
#define FIELD_PORTS_TYPE uint16_t
#define FIELD_CHOICE_TYPE unsigned int
#define FIELD_EITHER_TYPE bool
#define FIELD_LIST_TYPE struct strings
#define FIELD_MAP_TYPE struct strings_map
#define FIELD_COMMAND_TYPE struct strings
#define FIELD_TEST_TYPE struct strings

#define FIELD_CHECKED(type, member, wanted, message)                                       \
    (offsetof(type, member) +                                                              \
     0 * sizeof(struct {                                                                   \
         _Static_assert(__builtin_types_compatible_p(__typeof__(((type *)0)->member), wanted), \
                        message);                                                          \
         int unused;                                                                       \
     }))

/* Give a row its kind and its member; one whose type cannot hold the kind does not compile. */
#define MEMBER(kind_, type, member)                                                        \
    .kind = FIELD_##kind_,                                                                 \
    .offset = FIELD_CHECKED(type, member, FIELD_##kind_##_TYPE, #member " cannot hold a " #kind_)

/* The same with a second member, of the type `also`. */
#define MEMBER_WITH(kind_, type, member, also, second)                                     \
    MEMBER(kind_, type, member), .has_companion = true,                                    \
    .companion = FIELD_CHECKED(type, second, also, #second " cannot go with " #member)

/* A struct that is embedded, and the table of its rows. */
#define EMBEDDED(type, member, struct_, object_)                                           \
    .kind = FIELD_OBJECT, .object = &(object_),                                            \
    .offset = FIELD_CHECKED(type, member, struct_, #member " is no " #struct_)

/* Rows that go to the same struct, under a key of their own. */
#define GROUP(object_) .kind = FIELD_OBJECT, .object = &(object_)

/* An array on the heap with its count. */
#define ELEMENTS(kind_, type, member, count, struct_, object_)                             \
    .kind = FIELD_##kind_, .object = &(object_), .has_companion = true,                    \
    .offset = FIELD_CHECKED(type, member, struct_ *, #member " is no array of " #struct_), \
    .companion = FIELD_CHECKED(type, count, size_t, #count " is no count")
/* clang-format on */
