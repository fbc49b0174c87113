/* SPDX-License-Identifier: MIT */

/*
 * How the image of a service is built: a part of struct service
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/strings.h"

struct service_file;

struct service_build {
    bool present;
    char *context;    /* absolute */
    char *dockerfile; /* relative to the context, or NULL: Cartefile, else Dockerfile */
    char *dockerfile_inline;
    char *target;
    char *network; /* none, host, or NULL: the default */
    struct strings_map args, labels;
    struct strings tags;
    struct strings cache_from, cache_to; /* "type=local,src=FOLDER", or what others know */
    struct strings no_cache_filter;      /* stages */
    bool no_cache;
    struct service_file *secrets; /* target: the id that RUN --mount names */
    size_t secret_count;
    struct strings_map ssh;      /* id: socket, or NULL: the agent of our own environment */
    struct strings_map contexts; /* name: an absolute path, or "docker-image://NAME" */
    struct strings entitlements;
};
