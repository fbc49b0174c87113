/* SPDX-License-Identifier: MIT */

/*
 * Where the reader is
 *
 * The path of the key in hand ("services.login.ports[0]"), carried along so that a message can
 * name it, together with what the whole run shares.
 */

#pragma once

#include <stdbool.h>

#include "stack/node.h"
#include "util/diagnostic.h"
#include "util/macro.h"
#include "util/text.h"

struct reading {
    struct diagnostics *diagnostics;
    struct text path;
    const char *directory; /* that relative paths start from; NULL: leave them */
    const char *home;      /* for `~`; NULL: it is not known */
    bool loose;            /* unknown keys are warnings */
    bool resolved;         /* the file is the output of stack_format() */
};

void reading_done(struct reading *reading);

/* Go into a key or an item; what is returned is given back to reading_leave(). */
size_t reading_enter(struct reading *reading, const char *key);
size_t reading_enter_item(struct reading *reading, size_t index);
void reading_leave(struct reading *reading, size_t mark);

/* Report what is wrong with `node`, at its place and under its path. */
void reading_error(struct reading *reading, const struct node *node, const char *format, ...)
    PRINTF_LIKE(3, 4);
void reading_warn(struct reading *reading, const struct node *node, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* An absolute path without `.` and `..`, from one in the file; the caller frees it. */
char *reading_resolve_path(const struct reading *reading, const char *path) MUST_CHECK;
