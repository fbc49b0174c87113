/* SPDX-License-Identifier: MIT */

/*
 * What a container has written, and the image that it lies on
 */

#pragma once

#include "image/changes.h"
#include "image/store.h"
#include "util/macro.h"

struct container_find;
struct error;

struct container_layer {
    struct image *image;
    char *upper; /* the writable layer's folder */
    char *work;  /* overlay's, beside it */
    struct id_shift ids;
};

void container_layer_done(struct container_layer *layer);
#define AUTO_CONTAINER_LAYER __attribute__((cleanup(container_layer_done)))

/* ERROR_NOT_FOUND: the image is gone. */
int container_layer_load(const struct container_find *found, struct store *store,
                         struct container_layer *out, struct error *err) MUST_CHECK;

/* The ids alone, which a running container has without its image, too; or by its data folder. */
int container_layer_find_ids(const struct container_find *found, struct id_shift *out,
                             struct error *err) MUST_CHECK;
int container_layer_find_ids_of(const char *folder, struct id_shift *out,
                                struct error *err) MUST_CHECK;

/* For image/: borrowed from the layer. */
struct changes_source container_layer_changes(const struct container_layer *layer) MUST_CHECK;
