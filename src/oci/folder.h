/* SPDX-License-Identifier: MIT */

/*
 * The folder of a container below the runtime's root: ROOT/ID
 *
 *     config.json    the bundle's, as it was at `create`; later edits have no effect
 *     record.json    what was made, written before it is made (record.h)
 *     start          where the container waits for `start`
 *     lock           held by what changes the container's life
 *
 * Making the folder is what makes an id taken: mkdir() is atomic.
 */

#pragma once

#include "util/macro.h"

struct error;
struct strings;

struct folder {
    char *path; /* absolute, without links */
    int fd;
    int lock_fd; /* -1: not locked */
};

#define FOLDER_NONE             \
    {                           \
        .fd = -1, .lock_fd = -1 \
    }
#define AUTO_FOLDER __attribute__((cleanup(folder_close)))

/* ERROR_INVALID: use letters, digits, '_', '+', '-' and '.', and no '.' or '-' in front. */
int folder_check_id(const char *id, struct error *err) MUST_CHECK;

/* Make it and lock it. ERROR_EXISTS: the id is taken. */
int folder_make(const char *root, const char *id, struct folder *out, struct error *err) MUST_CHECK;

/* ERROR_NOT_FOUND: there is no such container. */
int folder_open(const char *root, const char *id, struct folder *out, struct error *err) MUST_CHECK;

/* Wait for the lock. ERROR_NOT_FOUND: it was removed meanwhile. */
int folder_lock(struct folder *folder, struct error *err) MUST_CHECK;

/* Remove it with all that is in it; the id is free again. */
int folder_remove(const char *root, const char *id, struct error *err) MUST_CHECK;

void folder_close(struct folder *folder);

/* The ids of all folders, sorted. None where there is no root. */
int folder_list(const char *root, struct strings *out, struct error *err) MUST_CHECK;
