/* SPDX-License-Identifier: MIT */

/*
 * One table for each object of a stack file
 *
 * A row says what a key is called, what it means, what it may hold, and where that goes. From
 * the rows come: the long form of short spellings (canonical.c), the merge of several files
 * (merge.c), the decoder with its defaults and messages (decode.c), the writer
 * (stack_format.c), the JSON schema and the reference (schema.c). A row whose member cannot
 * hold its kind does not compile.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/member.h"
#include "util/macro.h"
#include "util/strings.h"

struct node;
struct reading;
struct text;
struct error;
struct object;

enum field_kind {
    FIELD_STRING,   /* any scalar, as it is written */
    FIELD_PATH,     /* a path on this machine; becomes absolute */
    FIELD_INT,      /* a whole number */
    FIELD_COUNT,    /* one that is not negative, or a limit that -1 lifts */
    FIELD_BOOL,     /* true or false */
    FIELD_DURATION, /* 1m30s */
    FIELD_BYTES,    /* 1.5G */
    FIELD_MILLIS,   /* 0.5, kept in thousandths */
    FIELD_CPUS,     /* the same, of cores */
    FIELD_MODE,     /* octal, with or without 0 or 0o in front */
    FIELD_ID,       /* a user's or group's number */
    FIELD_PORT,     /* 1 to 65535 */
    FIELD_PORTS,    /* one port or a range; the companion is the last port */
    FIELD_CHOICE,   /* one of `choices`, as an enum */
    FIELD_EITHER,   /* one of two `choices`, as a bool that is true for the second */
    FIELD_LIST,     /* strings, or one string, or with `joint` a mapping */
    FIELD_MAP,      /* strings by key; also as a list of KEY=VALUE */
    FIELD_COMMAND,  /* words, or one string that is split; the companion says it is there */
    FIELD_TEST,     /* a health check's test; the companion is its kind */
    FIELD_OBJECT,   /* an embedded struct; the companion may say it is there */
    FIELD_ONLY,     /* a list of at most one object */
    FIELD_OBJECTS,  /* a list of objects */
    FIELD_NAMED,    /* objects by name; also as a list of names */
    FIELD_MOVED,    /* another spelling of the key `moves_to` */
    FIELD_LATER,    /* known to the specification and not built yet: one warning */
    FIELD_QUIET,    /* read elsewhere, or without a meaning here */
    FIELD_KIND_COUNT,
};

struct field {
    const char *key;
    const char *doc;      /* one sentence, in Markdown */
    const char *fallback; /* the default, spelled as in YAML and decoded as if it stood there */
    enum field_kind kind;
    bool required;
    bool own;  /* not a key of the Compose Specification; also written x-carte-KEY */
    bool live; /* can change while replicas run on */
    bool has_companion;
    bool gives_way; /* of a moved key: dropped when the other one is there */
    bool negative;  /* of an int: kept with the opposite sign */
    char joint;     /* what joins key and value of a list item; 0: as in an environment */
    size_t offset;
    size_t companion;            /* offset of a count or a flag */
    size_t capacity;             /* the array has its place in the struct and holds this many */
    int64_t min, max;            /* of a number; both 0: not limited */
    int64_t missing;             /* of a number: what stands there without one */
    const char *const *choices;  /* ended by NULL */
    const struct object *object; /* of what is nested */
    const char *moves_to;        /* "deploy.replicas" */

    /*
     * The long form of a scalar (or, for a mapping where a scalar is expected, of that), or
     * NULL after a message. `list` rows append to `list` and return NULL.
     */
    struct node *(*expand)(struct reading *reading, const struct node *node);
    void (*expand_items)(struct reading *reading, const struct node *node, struct node *list);
    bool (*belongs)(const void *element); /* rows that share one array: is it this row's? */
};

struct object {
    const char *name; /* "a service" */
    const char *doc;  /* one sentence */
    const struct field *fields;
    size_t size;                 /* of the struct, when it is an element */
    size_t name_offset;          /* of the char * that takes the key of a FIELD_NAMED element */
    const char *const *identity; /* keys that make elements of a list the same, or NULL */

    /* Rewrite spellings that no row can describe, in the tree. */
    void (*prepare)(struct reading *reading, struct node *map);
    /* Rules between fields; `map` is the tree that `base` was decoded from. */
    void (*check)(struct reading *reading, const struct node *map, void *base);
};

/* Numbers, choices and the like from text; the member is written only on success. */
int field_decode_text(const struct field *field, const char *text, void *base,
                      struct error *err) MUST_CHECK;

/* The text that field_decode_text() reads to the same member; false: there is no value. */
bool field_format_text(const struct field *field, const void *base, struct text *out);

bool field_is_scalar(const struct field *field);

/* The row of `key` (also as x-carte-KEY), or NULL. */
const struct field *field_find(const struct object *object, const char *key);
