/* SPDX-License-Identifier: MIT */

/*
 * RUN --mount: what one flag says
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/macro.h"

struct error;

enum run_mount_kind {
    RUN_MOUNT_BIND,
    RUN_MOUNT_CACHE,
    RUN_MOUNT_TMPFS,
    RUN_MOUNT_SECRET,
    RUN_MOUNT_SSH,
    RUN_MOUNT_KIND_COUNT,
};

/* Texts are NULL when they are not given. */
struct run_mount {
    enum run_mount_kind kind;
    char *id, *from, *source, *target, *variable;
    char *sharing; /* shared, private or locked */
    bool read_only, required;
    uint64_t size_bytes; /* 0: not limited */
    mode_t mode;         /* what is given, else the kind's own */
    uid_t uid;
    gid_t gid;
};

/* Expands a value; the caller frees *out. */
typedef int (*run_mount_expand_fn)(void *context, const char *value, char **out, struct error *err);

/*
 * Read "type=cache,target=/root/.cache": the type is bind if none is given. What the type does
 * not know is ERROR_INVALID and names the nearest word. *out must be zeroed, and is to be done
 * in any case.
 */
int run_mount_parse(const char *text, run_mount_expand_fn expand, void *context,
                    struct run_mount *out, struct error *err) MUST_CHECK;
void run_mount_done(struct run_mount *mount);

/* What the flag's text names with from=, or NULL: a stage, a context or an image. To be freed. */
char *run_mount_find_from(const char *text) MUST_CHECK;
