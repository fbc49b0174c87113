/* SPDX-License-Identifier: MIT */

/*
 * The folder of a tree that is being written into
 *
 * Entries of an archive come folder by folder: the one they go into is opened once. Writing into
 * a folder changes its time, so the time it had is set again when it is left; that needs memory for
 * one folder, however many there are.
 */

#pragma once

#include <stdbool.h>
#include <time.h>

#include "util/macro.h"

struct error;

struct tree_cursor {
    int root;       /* the tree; borrowed */
    int fd;         /* the folder; -1: none */
    char *path;     /* of it */
    bool is_linked; /* that leads through a symbolic link */
    struct timespec mtime;
};

/* Close the folder; its time is not set again. */
void tree_cursor_done(struct tree_cursor *cursor);

/*
 * Go to the folder that `path` lies in: it is made if it is missing, and cursor->fd until the next
 * call. *name_out is the last part of `path`.
 */
int tree_cursor_enter(struct tree_cursor *cursor, const char *path, const char **name_out,
                      struct error *err) MUST_CHECK;

/* Leave the folder with the time it had; needed before its attributes are changed, and at the end.
 */
int tree_cursor_leave(struct tree_cursor *cursor, struct error *err) MUST_CHECK;
