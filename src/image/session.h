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

/*
 * Note in the session that the container `id` writes into it, before it is started, and that it
 * has ended. A killed process's session with such a note is left alone by sweeps until
 * session_each_container() was told that the container is gone.
 */
int session_note_container(const struct session *session, const char *id,
                           struct error *err) MUST_CHECK;
void session_forget_container(const struct session *session, const char *id);

typedef int (*session_container_fn)(const char *id, struct error *err);

/* Call `end` for each container that a dead process left; 0 from it means: it is gone. */
int session_each_container(int store_fd, session_container_fn end, struct error *err) MUST_CHECK;

/* Remove what dead processes left, if there is anything. */
int session_sweep(int store_fd, struct error *err) MUST_CHECK;
