/* SPDX-License-Identifier: MIT */

/*
 * Instructions of a Cartefile that change the configuration of an image that was just made
 */

#pragma once

#include "image/store.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

struct config_change {
    /* Makes the image under `names`; *digest_out is its manifest's, freed by the caller. */
    int (*make)(struct store *store, const void *context, const struct strings *names,
                char **digest_out, struct error *err);
    const void *context;
    const struct strings *names;        /* that the image is to have at the end */
    const struct strings *instructions; /* one each */
};

/*
 * Make the image and change it. ERROR_INVALID, before anything is made: not one of the
 * instructions that change the configuration alone.
 */
int config_change_apply(struct store *store, const struct config_change *change,
                        struct image **image_out, struct error *err) MUST_CHECK;
