/* SPDX-License-Identifier: MIT */

/*
 * Building images, with progress: for `build`, `up` and `carte build`
 */

#pragma once

#include <stdbool.h>

#include "build/build.h"
#include "cli/progress.h"
#include "image/store.h"
#include "stack/stack.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

/* Which images are built. */
enum image_builder_choice { IMAGE_BUILDER_MISSING, IMAGE_BUILDER_ALL, IMAGE_BUILDER_NONE };

struct image_builder {
    struct store *store;
    struct progress *progress;
    const struct stack *stack; /* of the services, for the secrets of their builds; or NULL */
    bool no_cache;
    const struct strings *args; /* "KEY=value", over those of the file; NULL: none */
    size_t *findings; /* only look at the Cartefiles, and count what could be better; or NULL */
    const char *pull_policy; /* "missing", "always" or "never", over the services'; NULL: none */
    bool insecure;           /* of pulls, as in registry_job.h */
};

/* Take "KEY=value", or "KEY" with the value of our own environment, into `map`. */
void image_builder_add_args(const struct strings *args, struct strings_map *map);

/*
 * Build `request` under the name `label` in the progress, and print what is wrong with the
 * Cartefile or could be better. *image_out may be NULL; nothing is written to it when the Cartefile
 * is only looked at.
 */
int image_builder_build(const struct image_builder *builder, const char *label,
                        struct build_request *request, struct image **image_out,
                        struct error *err) MUST_CHECK;

/* Build the image of a service that has a build section. */
int image_builder_build_service(const struct image_builder *builder, const struct service *service,
                                struct error *err) MUST_CHECK;

/*
 * Build or pull what the services of `names` (empty: all) need: images that are missing, every one
 * that can be built, or none; the others are pulled as their policies say. ERROR_NOT_FOUND: an
 * image is missing, and neither built nor pulled.
 */
int image_builder_prepare(const struct image_builder *builder, const struct stack *stack,
                          const struct strings *names, enum image_builder_choice choice,
                          struct error *err) MUST_CHECK;
