/* SPDX-License-Identifier: MIT */

/*
 * Progress of a command, on stderr
 *
 * On a terminal a block that is redrawn in place; elsewhere one line for each change, such as
 * "Container metaverse-login-1  Started". The lines of the block and of the plain form are
 * made by pure functions.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"
#include "util/text.h"

enum progress_mode { PROGRESS_QUIET, PROGRESS_LINES, PROGRESS_BLOCK };

enum progress_state { PROGRESS_WORKING, PROGRESS_DONE, PROGRESS_FAILED };

struct progress_item {
    char *name;   /* "Container metaverse-login-1" */
    char *status; /* "Starting" */
    enum progress_state state;
    int64_t since_ms, until_ms; /* until_ms: when it was done or failed */
};

struct progress {
    enum progress_mode mode;
    const char *title; /* "Running" */
    struct progress_item *items;
    size_t count;
    size_t drawn_lines; /* of the block that stands on the terminal */
};

/* `choice` is auto, tty, plain or quiet; auto asks whether stderr is a terminal. */
void progress_init(struct progress *progress, const char *choice, const char *title);
void progress_done(struct progress *progress);

/* Say how `name` stands now; nothing happens when it stood so already. */
void progress_update(struct progress *progress, const char *name, enum progress_state state,
                     const char *status);

/* Draw the block again, for its clock. */
void progress_tick(struct progress *progress);

/* Leave the block as it stands and go on below it. Needed before other output. */
void progress_rest(struct progress *progress);

/* Pure: "Container x  Started\n", and the block of at most `lines` lines and its line count. */
void progress_format_line(const struct progress_item *item, struct text *out);
size_t progress_format_block(const struct progress *progress, int64_t now_ms, size_t columns,
                             size_t lines, struct text *out);
