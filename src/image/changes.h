/* SPDX-License-Identifier: MIT */

/*
 * What a container has changed: its writable layer beside those below it
 */

#pragma once

#include <stddef.h>

#include "image/id_shift.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

struct changes_source {
    const char *upper;           /* the writable layer's folder */
    const struct strings *lower; /* those below, topmost first */
    struct id_shift ids;         /* of the container */
};

enum changes_kind { CHANGES_CHANGED = 'C', CHANGES_ADDED = 'A', CHANGES_DELETED = 'D' };

struct changes {
    struct changes_entry {
        enum changes_kind kind;
        char *path; /* "/etc/passwd" */
    } * entries;    /* sorted by path */
    size_t count;
};

void changes_done(struct changes *changes);
#define AUTO_CHANGES __attribute__((cleanup(changes_done)))

/*
 * What is new, what has another content, owner, mode or time, and what is gone; a folder counts
 * as changed when something in it did. Of a folder that is gone, it alone is told. Empty mount
 * points that every container has are left out.
 */
int changes_find(const struct changes_source *source, struct changes *out,
                 struct error *err) MUST_CHECK;

/*
 * Copy the writable layer, as it is then, into the empty folder `tree`, in the form of a layer:
 * with the container's ids, without sockets and empty mount points. ERROR_SYSTEM: a file was
 * written to meanwhile.
 */
int changes_copy(const struct changes_source *source, int tree, struct error *err) MUST_CHECK;
