/* SPDX-License-Identifier: MIT */

/*
 * Processes by pidfd and start time
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/macro.h"

struct error;

/*
 * Fork by clone3() with namespace `flags`, into the cgroup of version 2 open as `cgroup_fd`
 * (-1: the caller's), as a sibling of the caller if asked to. Returns 0 in the child, whose
 * signal handlers are gone; the pid, with `pidfd_out` filled, in the parent; -1 with `err`.
 */
pid_t process_fork(uint64_t flags, int cgroup_fd, bool sibling, int *pidfd_out,
                   struct error *err) MUST_CHECK;

/* Kill the process and wait for its end, 5 s at most; `reap` it if it is the caller's child. */
void process_end(int pidfd, bool reap);

/* Field 22 of /proc/PID/stat. */
int process_read_start_time(pid_t pid, uint64_t *out, struct error *err) MUST_CHECK;

/* Pure: the same from the text of that file; false: it is none. */
bool process_parse_start_time(const char *stat, uint64_t *out);

/* Has it executed a program since it was forked? The kernel's PF_FORKNOEXEC says not. */
int process_read_has_executed(pid_t pid, bool *out, struct error *err) MUST_CHECK;

/* In a new child: every signal back to its default and none blocked. */
void process_reset_signals(void);
