/* SPDX-License-Identifier: MIT */

/*
 * Variables and quotes in a word of a Cartefile
 *
 * $v ${v} ${v:-w} ${v-w} ${v:+w} ${v+w} ${v:?w} ${v#p} ${v##p} ${v%p} ${v%%p} ${v/p/r} ${v//p/r};
 * single quotes keep what is in them, the escape character keeps the next one.
 */

#pragma once

#include "util/macro.h"

struct error;

/* The value of a variable, or NULL when it is not set. */
typedef const char *(*expand_find_fn)(void *context, const char *name);

/* Told of a variable without a value, where no default is given for it. */
typedef void (*expand_missing_fn)(void *context, const char *name);

struct expand_scope {
    expand_find_fn find;
    expand_missing_fn missing; /* or NULL */
    void *context;             /* of both */
    char escape;
};

/* Replace variables and drop the quotes; the caller frees *out. */
int expand_word(const struct expand_scope *scope, const char *word, char **out,
                struct error *err) MUST_CHECK;

/* Replace variables only: the text of a here-document, where quotes mean nothing. */
int expand_text(const struct expand_scope *scope, const char *text, char **out,
                struct error *err) MUST_CHECK;
