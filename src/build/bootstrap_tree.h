/* SPDX-License-Identifier: MIT */

/*
 * The file system of a base image, in the making: private to bootstrap*.c
 */

#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "build/bootstrap.h"
#include "image/manifest.h"

struct bootstrap_tree {
    const struct bootstrap_request *request;
    int fd;            /* the folder, empty */
    const char *path;  /* of it */
    const char *spare; /* path of a folder for what is needed meanwhile */
    int64_t epoch;
    struct manifest *manifest; /* takes the command of the image */
};

void bootstrap_tree_note(const struct bootstrap_tree *tree, const char *doing);

/* A folder, a file with its content, or a symbolic link to `content`, of owner root. */
int bootstrap_tree_put(const struct bootstrap_tree *tree, const char *path, mode_t mode,
                       const char *content, struct error *err) MUST_CHECK;
