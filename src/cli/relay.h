/* SPDX-License-Identifier: MIT */

/*
 * Pipes between the user's standard descriptors and those of a process in a container
 *
 * The process never holds a descriptor of the host: through /proc/self/fd, root of a container
 * could change the owner and the mode of the file behind it.
 */

#pragma once

#include "util/macro.h"

struct error;

enum { RELAY_STDIN, RELAY_STDOUT, RELAY_STDERR, RELAY_COUNT };

struct relay_pipes {
    int given[RELAY_COUNT]; /* the ends for the process */
    int own[RELAY_COUNT];   /* the other ends */
};

#define RELAY_PIPES_NONE                               \
    {                                                  \
        .given = { -1, -1, -1 }, .own = { -1, -1, -1 } \
    }
#define AUTO_RELAY_PIPES __attribute__((cleanup(relay_close)))

int relay_open(struct relay_pipes *out, struct error *err) MUST_CHECK;
void relay_close(struct relay_pipes *pipes);

/*
 * Once the process has its ends: relay between the pipes and `user`, the three descriptors of
 * the user, and pass signals on, until the process `pidfd` has ended and all it wrote before is
 * written. What it has left running may still hold the pipes; that is not waited for. A reader
 * of the user who goes away is passed on to the process as such. All pipes are closed then.
 */
int relay_run(struct relay_pipes *pipes, const int user[RELAY_COUNT], int pidfd,
              struct error *err) MUST_CHECK;
