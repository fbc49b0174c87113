/* SPDX-License-Identifier: MIT */

/*
 * The archive of a root file system becomes an image of one layer
 *
 * The bytes of the tar stay as they are, so the same archive is the same image; what an image
 * needs besides is set by instructions of a Cartefile.
 */

#pragma once

#include "image/store.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

struct import_request {
    int fd;              /* a tar, plain or compressed */
    const char *history; /* what its one entry says */
    struct strings names;
    struct strings
        changes; /* "CMD [\"sh\"]": one instruction each, which makes no layer's content */
    struct image_progress progress;
};

/* ERROR_INVALID: no tar, or one that may not be a layer; or a change that is none. */
int import_image(struct store *store, const struct import_request *request,
                 struct image **image_out, struct error *err) MUST_CHECK;
