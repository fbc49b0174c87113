/* SPDX-License-Identifier: MIT */

/*
 * A place for unfinished work in the store
 *
 * Each open store that writes has a folder of its own under tmp/, which it holds locked. What
 * a killed process left there has no lock any more: the next one to open the store removes it.
 */

#pragma once

#include "util/macro.h"

struct error;

struct session {
    int fd;         /* the folder, locked; -1: none yet */
    char *name;     /* of the folder under tmp/ */
    unsigned count; /* names given out in it */
};

#define SESSION_NONE \
    (struct session) \
    {                \
        .fd = -1     \
    }

/* Make the folder, unless it was made, and remove what dead processes left. */
int session_begin(struct session *session, int store_fd, struct error *err) MUST_CHECK;

/* A name that is new in the folder; the caller frees it. */
char *session_new_name(struct session *session, const char *kind) MUST_CHECK;

/* Remove the folder with what is left in it. */
void session_end(struct session *session, int store_fd);

/* Remove what dead processes left, if there is anything. */
int session_sweep(int store_fd, struct error *err) MUST_CHECK;
