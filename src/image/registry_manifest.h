/* SPDX-License-Identifier: MIT */

/*
 * The manifest of an image at a registry
 */

#pragma once

#include <stdint.h>

#include "image/image_index.h"
#include "image/manifest.h"
#include "util/macro.h"
#include "util/text.h"

struct error;
struct http;
struct reference;
struct registry;

struct registry_manifest {
    struct text json; /* byte for byte as it came; it has no NUL in it */
    char *digest;     /* of what the reference names: this, or the list that it was chosen from */
    uint64_t config_bytes;
    struct manifest *manifest; /* its configuration is not read yet */
};

void registry_manifest_done(struct registry_manifest *manifest);
#define AUTO_REGISTRY_MANIFEST __attribute__((cleanup(registry_manifest_done)))

/*
 * Fetch the manifest of `reference`; from a list the one for `platform`. Digests and sizes are
 * checked. ERROR_NOT_FOUND: it is not there, or not for the platform. ERROR_UNSUPPORTED: it is
 * no image, or one of a kind that nobody makes any more.
 */
int registry_manifest_fetch(struct registry *registry, struct http *http,
                            const struct reference *reference,
                            const struct image_index_platform *platform,
                            struct registry_manifest *out, struct error *err) MUST_CHECK;

/* The scope of requests for the repository: "repository:a/b:pull". */
char *registry_manifest_scope(const char *repository, const char *actions) MUST_CHECK;
