/* SPDX-License-Identifier: MIT */

/*
 * What is known of an image, in the form in which docker's API tells it
 *
 * Scripts read these objects by their keys, so keys and kinds of values are docker's; what is
 * only ours has a key of its own (Digest, Record).
 */

#pragma once

#include "image/image.h"
#include "util/macro.h"

struct error;
struct json;
struct store;

/* The object of `inspect`: Id, RepoTags, Config, RootFS, Size, ... */
int describe_image(struct store *store, const struct image *image, struct json **out,
                   struct error *err) MUST_CHECK;

/* Its history, newest first: objects with Id, Created, CreatedBy, Tags, Size, Comment. */
int describe_history(struct store *store, const struct image *image, struct json **out,
                     struct error *err) MUST_CHECK;

/* "login:v2" is "login" and "v2", "login@sha256:..." has no tag (NULL). The caller frees both. */
void describe_split_name(const char *name, char **repository_out, char **tag_out);
