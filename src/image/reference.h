/* SPDX-License-Identifier: MIT */

/*
 * Names of images
 *
 *     [HOST[:PORT]/]PATH[:TAG][@sha256:HEX]
 *
 * The spellings of one image on the default registry ("docker.io/library/redis", "redis") are
 * one name here: the shortest.
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"

struct error;

/* The name as it is stored: with a tag ("latest" when there is none) or else a digest. */
int reference_parse(const char *text, char **name_out, struct error *err) MUST_CHECK;

/* Where a registry has the image. */
struct reference {
    char *host;       /* "docker.io", "localhost:5000" */
    char *repository; /* "library/redis" */
    char *tag;        /* NULL: it is named by its digest */
    char *digest;     /* "sha256:<hex>"; NULL: it is named by its tag */
};

void reference_done(struct reference *reference);
#define AUTO_REFERENCE __attribute__((cleanup(reference_done)))

/* Take a name apart, as reference_parse() does; of tag and digest the digest counts. */
int reference_split(const char *text, struct reference *out, struct error *err) MUST_CHECK;

/* Whether `text` can be an id or the beginning of one: "sha256:<hex>" or hex digits. */
bool reference_is_id(const char *text);

/* The name with its registry, "docker.io/library/redis:7", as other programs store it. */
char *reference_full_name(const char *name) MUST_CHECK;
