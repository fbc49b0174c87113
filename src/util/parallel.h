/* SPDX-License-Identifier: MIT */

/*
 * Like jobs in a few threads
 */

#pragma once

#include <stdatomic.h>
#include <stddef.h>

#include "util/macro.h"

struct error;

#define PARALLEL_THREADS_MAX 16U

/* Job `job` of all, in thread `thread` (from 0), which owns what it keeps for itself. */
typedef int (*parallel_fn)(void *context, size_t thread, size_t job, struct error *err);

/*
 * Do the jobs 0 to count - 1 in at most `threads` threads and wait for all. After the first
 * failure no further job begins, and the error is that one's; *failed (NULL: nobody asks) is true
 * from then on, so that those under way can give up.
 */
int parallel_run(size_t count, size_t threads, parallel_fn run, void *context, atomic_bool *failed,
                 struct error *err) MUST_CHECK;
