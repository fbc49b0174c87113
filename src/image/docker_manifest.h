/* SPDX-License-Identifier: MIT */

/*
 * manifest.json of a docker archive: which files of it are an image
 *
 * Source: moby, image/spec (the format of `docker save`); paths are relative to the archive.
 */

#pragma once

#include <stddef.h>

#include "util/cleanup.h"
#include "util/macro.h"
#include "util/strings.h"
#include "util/text.h"

struct error;

#define DOCKER_MANIFEST_IMAGES_MAX 1024U

struct docker_manifest_image {
    char *config;          /* path of the configuration */
    struct strings names;  /* RepoTags, not checked */
    struct strings layers; /* paths, lowest first */
};

struct docker_manifest {
    struct docker_manifest_image *images;
    size_t count;
};

void docker_manifest_free(struct docker_manifest *manifest);
DEFINE_CLEANUP(docker_manifest)

int docker_manifest_parse(const struct text *json, struct docker_manifest **out,
                          struct error *err) MUST_CHECK;
char *docker_manifest_format(const struct docker_manifest *manifest) MUST_CHECK;
