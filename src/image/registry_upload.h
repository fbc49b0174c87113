/* SPDX-License-Identifier: MIT */

/*
 * A blob goes from a file to a registry
 *
 * Source: the OCI distribution specification, 1.1, "Pushing blobs".
 */

#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "image/image.h"
#include "util/macro.h"

struct error;
struct http;
struct registry;

/* What the blobs of one image have in common; threads may share it. */
struct registry_upload {
    struct registry *registry;
    const char *repository;
    uint64_t chunk_bytes; /* send it in pieces of this size, or the registry's least; 0: at once */
    atomic_bool stop;     /* fail soon, since another has failed */
    struct image_progress progress; /* told by any of the threads */
};

struct registry_upload_blob {
    const char *digest;
    uint64_t size_bytes;
    int fd;
    const char *from; /* a repository of the same registry that may have it; NULL: none */
};

/*
 * Send the blob unless the registry has it, or can take it from another repository. After a
 * failure in passing, pieces go on where the registry has got to; what is sent at once starts
 * again.
 */
int registry_upload_blob(const struct registry_upload *upload, struct http *http,
                         const struct registry_upload_blob *blob, struct error *err) MUST_CHECK;
