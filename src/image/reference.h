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

/* Whether `text` can be an id or the beginning of one: "sha256:<hex>" or hex digits. */
bool reference_is_id(const char *text);

/* The name with its registry, "docker.io/library/redis:7", as other programs store it. */
char *reference_full_name(const char *name) MUST_CHECK;
