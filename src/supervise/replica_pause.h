/* SPDX-License-Identifier: MIT */

/*
 * Pausing a replica: all its processes stop where they are
 *
 * A paused replica is out of rotation and its health is not checked. Whoever stops it lets it
 * go on first, so that it can obey.
 */

#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "util/macro.h"

struct error;
struct replica;

/* A process with whose end the pause ends, however it comes about; pid 0: nobody. */
struct replica_pause_holder {
    pid_t pid;
    uint64_t start_time;
};

/* ERROR_EXISTS: it does not run, or is paused already. On failure it goes on. */
int replica_pause_begin(struct replica *replica, const struct replica_pause_holder *holder,
                        struct error *err) MUST_CHECK;

/* It goes on; one that is not paused is left alone. */
int replica_pause_end(struct replica *replica, struct error *err) MUST_CHECK;

/* After a supervisor that died: look after the holder of its pause again, if it has one. */
void replica_pause_take_up(struct replica *replica);

/* Look after the holder no longer; the replica stays as it is. */
void replica_pause_leave(struct replica *replica);
