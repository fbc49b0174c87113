/* SPDX-License-Identifier: MIT */

/*
 * Base images made from what the host has, without a registry
 *
 * A distribution's packages become an image by mmdebstrap, from the mirror that the host's own
 * apt is set up with; busybox-static becomes one that is a few files. The same packages give the
 * same digest: all times are SOURCE_DATE_EPOCH.
 */

#pragma once

#include "image/store.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

/* What is being done: "installing essential packages". */
typedef void (*bootstrap_progress_fn)(void *context, const char *doing);

struct bootstrap_request {
    const char *base;       /* "debian:bookworm", "busybox" */
    const char *variant;    /* of mmdebstrap: "minbase", "apt"; NULL: minbase */
    const char *mirror;     /* a URL; NULL: as the host is set up */
    struct strings include; /* packages beside those of the variant */
    struct strings names;   /* of the image; none: the base's own */
    bootstrap_progress_fn progress;
    void *context;
};

/*
 * Make and tag the image; the caller frees it. ERROR_INVALID: no such base; ERROR_UNSUPPORTED:
 * a program or a keyring is missing on the host, and the text names the package that has it.
 */
int bootstrap_image(struct store *store, const struct bootstrap_request *request,
                    struct image **image_out, struct error *err) MUST_CHECK;
