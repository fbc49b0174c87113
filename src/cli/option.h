/* SPDX-License-Identifier: MIT */

/*
 * Options of a command line, described by rows of data
 *
 * A row says how an option is spelled, what it takes, and which member of the command's own
 * options struct receives it; parsing, --help, completion and man pages come from the same
 * rows. A row whose member cannot hold its kind does not compile.
 *
 *     static const struct option up_options[] = {
 *         { .letter = 'd', .name = "detach", OPTION(FLAG, struct up_options, detach),
 *           .doc = "Return once everything has started." },
 *         { 0 },
 *     };
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"
#include "util/strings.h"

struct error;

enum option_kind {
    OPTION_FLAG,     /* bool; `--flag=false` unsets it */
    OPTION_TEXT,     /* const char *, borrowed from argv; NULL: not given */
    OPTION_LIST,     /* struct strings; may be given again */
    OPTION_INT,      /* int64_t; OPTION_UNSET: not given */
    OPTION_DURATION, /* int64_t, milliseconds; a bare number is seconds; OPTION_UNSET */
};

#define OPTION_UNSET (-1)

#define OPTION_FLAG_TYPE bool
#define OPTION_TEXT_TYPE const char *
#define OPTION_LIST_TYPE struct strings
#define OPTION_INT_TYPE int64_t
#define OPTION_DURATION_TYPE int64_t

struct option {
    char letter; /* 0: none */
    const char *name;
    const char *argument; /* of all but flags: "FILE" */
    const char *doc;      /* one sentence */
    const char *fallback; /* parsed as if it had been given; NULL: none */
    enum option_kind kind;
    bool hidden;
    size_t offset;
    int64_t min, max;           /* of OPTION_INT */
    const char *const *choices; /* of OPTION_TEXT, ended by NULL; NULL: any */
};

/* Give a row its kind and its member. */
#define OPTION(kind_, type, member)                                                            \
    .kind = OPTION_##kind_,                                                                    \
    .offset = offsetof(type, member) +                                                         \
              0 * sizeof(struct {                                                              \
                  _Static_assert(__builtin_types_compatible_p(__typeof__(((type *)0)->member), \
                                                              OPTION_##kind_##_TYPE),          \
                                 #member " cannot hold a " #kind_);                            \
                  int unused;                                                                  \
              })

/* An option that users know from elsewhere and that is not built. */
struct option_refused {
    char letter; /* 0: none */
    const char *name;
    const char *cure; /* "use ... instead", or NULL */
};

/* Rows, ended by one without a name, and the struct that they fill. */
struct option_set {
    const struct option *rows; /* may be NULL */
    void *target;
    const struct option_refused *refused; /* ended by one without a name; may be NULL */
};

struct option_line {
    int argc;
    char **argv;
    bool stop_at_operand; /* the first operand ends the options */
};

/* Set every member to its fallback, or to "not given". The target is zeroed before. */
void option_init(const struct option_set *set);
void option_done(const struct option_set *set);

/*
 * Parse argv[0..argc) into the sets; the first set that knows a spelling gets it. What is no
 * option is added to `operands`; "--" ends the options. ERROR_INVALID names the option, what
 * it takes and the nearest known one. ERROR_UNSUPPORTED names one that is not built, and its cure.
 */
int option_parse(const struct option_set *sets, size_t set_count, const struct option_line *line,
                 struct strings *operands, struct error *err) MUST_CHECK;

/* "-t, --timeout DURATION", without the letter when there is none. */
void option_spelling(const struct option *option, char *out, size_t size);
