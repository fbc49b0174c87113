/* SPDX-License-Identifier: MIT */

/*
 * What a container has changed becomes an image: a layer on top of the container's image
 */

#pragma once

#include "image/changes.h"
#include "image/store.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

struct commit_request {
    const struct image *image;         /* of the container */
    struct changes_source changes;     /* what is on top of it */
    const struct image_config *config; /* what the image is to run */
    const char *command;               /* what the container ran: for the history */
    const char *author, *message;      /* or NULL */
    struct strings names;
    struct strings
        instructions; /* "CMD [\"sh\"]": one each, which only changes the configuration */

    /* Called once the files have been copied and the container may go on; may be NULL. */
    void (*copied)(void *context);
    void *context;
};

/* ERROR_INVALID: an instruction that is none. On failure there is no image; nothing is left. */
int commit_image(struct store *store, const struct commit_request *request,
                 struct image **image_out, struct error *err) MUST_CHECK;
