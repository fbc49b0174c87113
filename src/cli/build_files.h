/* SPDX-License-Identifier: MIT */

/*
 * /etc/hosts and /etc/resolv.conf of a RUN step
 *
 * Files of the host that are mounted into the step, which may write to them: they are no part
 * of the image.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/spec.h"
#include "util/macro.h"

struct error;

#define BUILD_FILES_COUNT 2

struct build_files {
    char *hosts, *resolver; /* paths */
    struct container_mount mounts[BUILD_FILES_COUNT];
    bool lacks_names; /* the host has name servers, but none that the step reaches */
};

/* `folder` is where the files are to lie. */
void build_files_init(struct build_files *files, const char *folder);
void build_files_done(struct build_files *files);

/* Write them for a step with the address `address`; 0: for one in the host's network. */
int build_files_write(struct build_files *files, uint32_t address, struct error *err) MUST_CHECK;
