/* SPDX-License-Identifier: MIT */

/*
 * A blob comes from a registry into the store
 *
 * It grows in the store's folder partial/, under its digest and locked, and goes to the blobs
 * once size and digest are right. What a killed process left there is gone on with (Range).
 */

#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "image/image.h"
#include "util/macro.h"

struct error;
struct http;
struct registry;

#define REGISTRY_FETCH_FOLDER "partial"

/* What the blobs of one image have in common; threads may share it. */
struct registry_fetch {
    struct registry *registry;
    const char *repository, *scope;
    int store_fd;
    atomic_bool stop; /* fail soon, since another has failed */

    struct image_progress progress; /* told by any of the threads */
};

/* Fetch the blob unless it is there. ERROR_INVALID: what comes is not what the digest says. */
int registry_fetch_blob(struct registry_fetch *fetch, struct http *http, const char *digest,
                        uint64_t size_bytes, struct error *err) MUST_CHECK;
