/* SPDX-License-Identifier: MIT */

/*
 * One table for each object of a JSON document of others
 *
 * A row says what a property is called, what it may hold and which member gets it; the decoder,
 * its limits and its messages, which name the place ("linux.resources.cpu.quota: ..."), come from
 * the rows. Unknown properties are ignored, as the OCI specifications demand; null is as good as
 * absent. What is decoded borrows its texts from the document. A row whose member cannot hold
 * its kind does not compile.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"
#include "util/strings.h"

struct error;
struct json;

enum shape_kind {
    SHAPE_TEXT,    /* const char *; absent: NULL */
    SHAPE_BOOL,    /* bool */
    SHAPE_INT,     /* int64_t between min and max */
    SHAPE_UINT,    /* uint64_t up to max; 0: any */
    SHAPE_ID,      /* uint32_t up to max; 0: any */
    SHAPE_CHOICE,  /* int: the value of one of `choices` */
    SHAPE_TEXTS,   /* struct strings, whose items are borrowed: no strings_done() */
    SHAPE_CHOICES, /* uint64_t: the values of the `choices` that are listed, or-ed */
    SHAPE_MAP,     /* struct strings_map, borrowed as well */
    SHAPE_IDS,     /* uint32_t *, with a count */
    SHAPE_OBJECT,  /* an embedded struct, or more rows of the same one */
    SHAPE_OBJECTS, /* an array, with a count */
    SHAPE_NAMED,   /* the same, of an object's members; `name_offset` gets the key */
    SHAPE_REFUSED, /* `refusal` says what cannot be done */
};

#define SHAPE_TEXT_TYPE const char *
#define SHAPE_BOOL_TYPE bool
#define SHAPE_INT_TYPE int64_t
#define SHAPE_UINT_TYPE uint64_t
#define SHAPE_ID_TYPE uint32_t
#define SHAPE_CHOICE_TYPE int
#define SHAPE_TEXTS_TYPE struct strings
#define SHAPE_CHOICES_TYPE uint64_t
#define SHAPE_MAP_TYPE struct strings_map
#define SHAPE_IDS_TYPE uint32_t *

struct shape_choice {
    const char *name; /* NULL ends the list */
    int value;
};

struct shape_row {
    const char *key; /* NULL ends the rows */
    enum shape_kind kind;
    bool required;
    bool loose;    /* of CHOICES: unknown names are warned of instead of refused */
    bool has_also; /* `also` is the offset of a count, or of a bool: it is there */
    size_t offset, also;
    int64_t min, max;
    const struct shape_choice *choices;
    const struct shape *shape;
    const char *refusal;
};

struct shape {
    const struct shape_row *rows;
    size_t size;
    size_t name_offset; /* of NAMED elements: a const char * */
    /* Rules between members; the text of *err does not name the place, which is added. */
    int (*check)(const void *base, struct error *err);
};

/* The arrays that a document was decoded into. */
struct shape_store {
    void **owned;
    size_t owned_count;
};

#define SHAPE_CHECKED(type, member, wanted)                                                    \
    (offsetof(type, member) +                                                                  \
     0 * sizeof(struct {                                                                       \
         _Static_assert(__builtin_types_compatible_p(__typeof__(((type *)0)->member), wanted), \
                        #member " cannot hold it");                                            \
         int unused;                                                                           \
     }))
#define SHAPE(kind_, type, member) \
    .kind = SHAPE_##kind_, .offset = SHAPE_CHECKED(type, member, SHAPE_##kind_##_TYPE)
#define SHAPE_ALSO(type, member, wanted) \
    .has_also = true, .also = SHAPE_CHECKED(type, member, wanted)
/* A value that may be absent, and the bool that says it is not. */
#define SHAPE_MAYBE(kind_, type, member, given) \
    SHAPE(kind_, type, member), SHAPE_ALSO(type, given, bool)
#define SHAPE_EMBEDDED(type, member, struct_, shape_) \
    .kind = SHAPE_OBJECT, .shape = &(shape_), .offset = SHAPE_CHECKED(type, member, struct_)
/* Rows that go to the same struct, under a key of their own. */
#define SHAPE_GROUP(shape_) .kind = SHAPE_OBJECT, .shape = &(shape_)
#define SHAPE_ARRAY(kind_, type, member, count, struct_, shape_)                                 \
    .kind = SHAPE_##kind_, .shape = &(shape_), .offset = SHAPE_CHECKED(type, member, struct_ *), \
    SHAPE_ALSO(type, count, size_t)

#define SHAPE_ITEMS_MAX 4096

/*
 * Decode `json`, at the place `path` ("" for the document itself), into the zeroed struct at
 * `base`. ERROR_INVALID, or ERROR_UNSUPPORTED of a refused property; `base` is then of no use.
 * Either way `store` is to be done.
 */
int shape_decode(const struct shape *shape, const struct json *json, const char *path, void *base,
                 struct shape_store *store, struct error *err) MUST_CHECK;
void shape_done(struct shape_store *store);
#define AUTO_SHAPE_STORE __attribute__((cleanup(shape_done)))

/* Add every key and every choice of the table, and of those below it, to `out`. */
void shape_list_words(const struct shape *shape, struct strings *out);

/* A zeroed array that lives as long as `store`. */
void *shape_keep(struct shape_store *store, size_t count, size_t size) MUST_CHECK;

/* The name of a value among `choices`, or NULL. */
const char *shape_find_name(const struct shape_choice *choices, int value);
