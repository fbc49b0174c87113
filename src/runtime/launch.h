/* SPDX-License-Identifier: MIT */

/*
 * The last steps of a process before its program: the same for start and exec
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"

struct container_program;
struct error;
struct sock_fprog;

struct launch {
    const struct container_program *program;
    bool init;
    bool console;                    /* the terminal is /dev/console, too */
    const struct sock_fprog *filter; /* NULL: none */
    int stdio[3];                    /* with -1 replaced by launch_fill_stdio() */
    int channel;                     /* the child's end */
};

/*
 * Replace each -1 of `stdio` and each null device by one that shows nothing of the host's node to
 * change, while the host's is still in reach.
 */
int launch_fill_stdio(int stdio[3], struct error *err) MUST_CHECK;

/*
 * A failure before the program is looked for must not look as if the program were missing or
 * not executable: those two codes are the program's alone. Returns -1.
 */
int launch_blame_spec(struct error *err);

/* In the container, as root: become the program. Returns only on failure, with -1. */
int launch_run(struct launch *launch, struct error *err) MUST_CHECK;
