/* SPDX-License-Identifier: MIT */

/*
 * The text of a Cartefile as a list of instructions
 *
 * A Cartefile is a Dockerfile, or the short form FROM, NAME, PATH, exe_PATH. Here lines are
 * joined, comments dropped, here-documents collected and words split; variables are replaced
 * later, when their values are known (build/expand.h).
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/cleanup.h"
#include "util/macro.h"
#include "util/strings.h"

struct diagnostics;
struct error;

#define CARTEFILE_SIZE_MAX (4U << 20)
#define CARTEFILE_INSTRUCTIONS_MAX 2000U

enum cartefile_keyword {
    CARTEFILE_FROM,
    CARTEFILE_ARG,
    CARTEFILE_RUN,
    CARTEFILE_COPY,
    CARTEFILE_ADD,
    CARTEFILE_ENV,
    CARTEFILE_WORKDIR,
    CARTEFILE_USER,
    CARTEFILE_LABEL,
    CARTEFILE_EXPOSE,
    CARTEFILE_VOLUME,
    CARTEFILE_ENTRYPOINT,
    CARTEFILE_CMD,
    CARTEFILE_HEALTHCHECK,
    CARTEFILE_STOPSIGNAL,
    CARTEFILE_SHELL,
    CARTEFILE_MAINTAINER,
    CARTEFILE_ONBUILD,
    CARTEFILE_NAME, /* the short form */
    CARTEFILE_PATH,
    CARTEFILE_EXE_PATH,
    CARTEFILE_KEYWORD_COUNT,
};

struct cartefile_heredoc {
    char *name;
    char *content;
    bool expand; /* its name was not quoted */
};

struct cartefile_place {
    size_t line, column; /* from 1; the column counts characters */
};

/* Of how many words and flags the places are known. */
#define CARTEFILE_PLACES_MAX 64U

struct cartefile_places {
    struct cartefile_place *items;
    size_t count;
};

struct cartefile_instruction {
    enum cartefile_keyword keyword;
    size_t line, column, last_line; /* of its keyword, and where it ends */
    char *spelling;                 /* the keyword as it was written */
    char *comment;                  /* that stands right above it, or NULL */
    size_t empty_line;              /* the first blank line inside of it; 0: none */
    /* "--chown=1:2" is chown, 1:2; without a value "true"; several of a key where that is allowed
     */
    struct strings_map flags;
    char *rest; /* what follows the flags, lines joined; of ONBUILD the whole trigger */
    struct cartefile_places flag_places, word_places; /* see cartefile_find_word() */
    bool is_json;                                     /* `rest` is a JSON array of strings */
    struct strings words; /* its elements, or else words with their quotes */
    struct cartefile_heredoc *heredocs;
    size_t heredoc_count;
    bool is_script;                        /* RUN: one here-document and nothing else */
    char *display;                         /* "COPY . /app" */
    struct cartefile_instruction *trigger; /* of ONBUILD, else NULL */
};

struct cartefile {
    char *path; /* for messages */
    char escape;
    bool is_short;
    struct cartefile_instruction *instructions;
    size_t count;
    /* The directive "# check=skip=A,B;error=true;experimental=C" */
    struct strings skipped_rules, experimental_rules;
    bool findings_are_errors;
};

/*
 * Every mistake goes to `diagnostics` with its place, the nearest known word and the lines around
 * it, and *err is the first of them: ERROR_INVALID, beginning with "path:line:column: ".
 */
int cartefile_parse(const char *path, const char *text, size_t length,
                    struct diagnostics *diagnostics, struct cartefile **out,
                    struct error *err) MUST_CHECK;

/*
 * Instructions that an image has for those based on it (ONBUILD), as a Cartefile of their own.
 * They stand at the place of `from` in `cartefile`.
 */
int cartefile_parse_triggers(const struct cartefile *cartefile,
                             const struct cartefile_instruction *from, const struct strings *texts,
                             struct cartefile **out, struct error *err) MUST_CHECK;
void cartefile_free(struct cartefile *cartefile);
DEFINE_CLEANUP(cartefile)

/*
 * Where the word of that index stands, or the flag --KEY. It is the place of the instruction where
 * that is not known: in a JSON array, in a trigger of an image, behind many others.
 */
struct cartefile_place cartefile_find_word(const struct cartefile_instruction *at, size_t index);
struct cartefile_place cartefile_find_flag(const struct cartefile_instruction *at, const char *key);

const char *cartefile_keyword_name(enum cartefile_keyword keyword);

/* Fill *err with "path:line:column: " and the text. Returns -1. */
int cartefile_error(const struct cartefile *cartefile, const struct cartefile_instruction *at,
                    struct error *err, const char *format, ...) PRINTF_LIKE(4, 5);

/* Put "path:line:column: KEYWORD" before the text of *err, which must be filled. Returns -1. */
int cartefile_wrap(const struct cartefile *cartefile, const struct cartefile_instruction *at,
                   struct error *err);
/* The same with the place of a part of the instruction. */
int cartefile_wrap_at(const struct cartefile *cartefile, const struct cartefile_instruction *at,
                      const struct cartefile_place *place, struct error *err);
