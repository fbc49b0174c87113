/* SPDX-License-Identifier: MIT */

/*
 * The last steps of a process before its program: the same for start and exec
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"

struct container_ulimit;
struct error;
struct sock_fprog;
struct strings;

struct launch {
    const struct strings *args, *env, *groups; /* groups may be NULL */
    const char *cwd, *user;                    /* NULL: "/", root */
    uint64_t capabilities;
    bool allow_new_privileges, terminal, init;
    bool console;                    /* the terminal is /dev/console, too */
    const struct sock_fprog *filter; /* NULL: none */
    const struct container_ulimit *ulimits;
    size_t ulimit_count;
    int oom_score_adj;
    int stdio[3]; /* with -1 replaced by launch_fill_stdio() */
    int channel;  /* the child's end */
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
