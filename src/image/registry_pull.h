/* SPDX-License-Identifier: MIT */

/*
 * An image comes from a registry into the store
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "image/image.h"
#include "util/macro.h"

struct error;
struct store;

struct registry_pull_settings {
    const char *platform; /* "linux/arm64"; NULL: this machine's */
    bool insecure;        /* see registry.h */
    struct image_progress progress;
};

struct registry_pulled {
    char *name;   /* as it is stored: "redis:latest" */
    char *id;     /* "sha256:<hex>" of the image */
    char *digest; /* of the manifest, or of the list that it was chosen from */
    bool is_new;  /* the name had another image, or none */
};

void registry_pull_done(struct registry_pulled *pulled);
#define AUTO_REGISTRY_PULLED __attribute__((cleanup(registry_pull_done)))

/*
 * Fetch the image `reference` and unpack it. The store knows the name only once every byte has
 * been checked; blobs that are there are not fetched again. ERROR_NOT_FOUND: the registry has no
 * such image, or none for the platform.
 */
int registry_pull(struct store *store, const char *reference,
                  const struct registry_pull_settings *settings, struct registry_pulled *out,
                  struct error *err) MUST_CHECK;

/*
 * When the name `reference` was last pulled, in wall time; one that was given here counts as pulled
 * when its image came into the store, and one that the store does not have, in 1970.
 */
int registry_pull_find_time(struct store *store, const char *reference, int64_t *wall_ms_out,
                            struct error *err) MUST_CHECK;
