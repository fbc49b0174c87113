/* SPDX-License-Identifier: MIT */

/*
 * How processes ended: the keeper's record of exit statuses
 *
 * The file RUN/stacks/PROJECT/exits is a ring of records of one size. The keeper alone writes
 * it, each record before it reaps the process; the supervisor looks a process up by pid and
 * start time. So a status outlives the supervisor's death, and a keeper that dies between the
 * two steps leaves a record twice rather than never.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/macro.h"

#define EXITS_SLOTS 4096

struct exits_record {
    uint64_t sequence; /* from 1; 0: an empty slot */
    uint64_t start_time;
    int64_t wall_ms;
    int32_t pid;
    int32_t status; /* as waitpid() gives it */
};

/* The highest sequence number in the file `fd`; 0 when it is empty. */
uint64_t exits_last_sequence(int fd);

/* Write `record` into the slot of its sequence number; false: errno says why. */
bool exits_write(int fd, const struct exits_record *record) MUST_CHECK;

/* The newest record of a process, or false when there is none. */
bool exits_find(int fd, pid_t pid, uint64_t start_time, struct exits_record *out) MUST_CHECK;

/* Field 22 of /proc/PID/stat: ticks since boot; 0: there is no such process. */
uint64_t exits_start_time(pid_t pid);

/* Field 4: the process that reaps it; 0: there is no such process. */
pid_t exits_parent(pid_t pid);
