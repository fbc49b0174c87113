/* SPDX-License-Identifier: MIT */

/*
 * The last steps of a process before its program: the same for start and exec
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/filter.h>

#include "util/macro.h"

struct container_program;
struct container_spec;
struct error;
struct syscall_profile;

struct launch {
    const struct container_program *program;
    const struct container_spec *spec; /* NULL: the process joins a container */
    struct sock_fprog compiled;        /* of the program's own filter: to be freed */
    const struct sock_fprog *filter;   /* NULL: none */
    unsigned filter_flags;
    int stdio[3]; /* with -1 replaced by launch_fill_stdio() */
    int channel;  /* the child's end */
    int gate;     /* a listening socket where the process waits for its release, or -1 */
    pid_t pid;    /* of the process as its maker sees it */
};

#define AUTO_LAUNCH __attribute__((cleanup(launch_done)))

/* In the maker: what can be prepared before there is a process. */
int launch_prepare(struct launch *launch, struct error *err) MUST_CHECK;
void launch_done(struct launch *launch);

/*
 * In the maker: hand the listener of a filter to who serves its questions, before the first of
 * them is asked, and let the process at the other end of `channel` go on.
 */
int launch_answer_listener(const struct syscall_profile *profile, int listener, pid_t pid,
                           int channel, struct error *err) MUST_CHECK;

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
