/* SPDX-License-Identifier: MIT */

/*
 * Where a step takes files from: the build context, a named context, a stage or an image
 */

#pragma once

#include <stdbool.h>

#include "build/ignore.h"
#include "build/stage.h"

struct source {
    const struct merged *view;
    struct strings layers;       /* the folders of `view`, topmost first */
    const struct ignore *ignore; /* or NULL: it has no ignore file */
    const char *ignore_name;
    bool is_folder;                   /* of the host: owners have no meaning in the image */
    struct digest_cache *digests;     /* of its files */
    char chain[HASH_SHA256_HEX_SIZE]; /* of a stage or image: what all of it is; else "" */

    struct merged *own_view;
    struct ignore own_ignore;
    struct digest_cache *own_digests;
};

#define AUTO_SOURCE __attribute__((cleanup(source_done)))
void source_done(struct source *source);

/*
 * Open what `from` names; NULL: the build context. A --build-context of that name comes before
 * an earlier stage, and that before an image of the store. ERROR_NOT_FOUND: there is none.
 */
int source_open(const struct stage *stage, const char *from, struct source *out,
                struct error *err) MUST_CHECK;

/* A folder of the host that is only there for this step. */
int source_open_folder(const char *folder, struct source *out, struct error *err) MUST_CHECK;

/* Whether the path is left out, as a scan_filter_fn; `context` is the struct source. */
bool source_filter(void *context, const char *path, bool is_folder, bool *enter);

/* Find the image in the store, or pull it. *out is NULL when it is neither there nor to be pulled.
 */
int source_load_image(const struct builder *builder, const char *name, struct image **out,
                      struct error *err) MUST_CHECK;

/* The image that a --build-context of that name stands for, or NULL. */
const char *source_find_image(const struct build_request *request, const char *name);
