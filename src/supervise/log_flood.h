/* SPDX-License-Identifier: MIT */

/*
 * Floods of output: how much of it is kept, and where the rest goes
 *
 * A bucket of LOG_FLOOD_BURST_BYTES, filled at LOG_FLOOD_BYTES_A_SECOND, pays for what is written
 * to a replica's log; a short line costs what its record is long. When it is empty the output
 * goes nowhere, without being looked at, until the bucket is half full again: so a replica that
 * writes as fast as it can neither takes a core of the supervisor nor waits for it.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/macro.h"

#define LOG_FLOOD_BURST_BYTES (32 << 20) /* what the files of a log hold, and a little more */
#define LOG_FLOOD_BYTES_A_SECOND (4 << 20)

struct log_flood {
    int64_t burst_bytes, bytes_a_second; /* 0: the above */
    int64_t spent_bytes;                 /* of the bucket */
    int64_t at_ms;                       /* when it was filled last */
    bool is_dropping;
    uint64_t dropped_bytes; /* since is_dropping */
};

/* Something was written to the log. */
void log_flood_spend(struct log_flood *flood, uint64_t bytes);

/* What is to be done with further output: true, drop it. */
bool log_flood_decide(struct log_flood *flood, int64_t now_ms);

/* Drop what is in the pipe; false: there was nothing. */
bool log_flood_drop(struct log_flood *flood, int pipe);

/* What to say of it in the log, once when it begins and once when it ends. */
void log_flood_format(const struct log_flood *flood, char out[96]);
