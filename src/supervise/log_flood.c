/* SPDX-License-Identifier: MIT */

/*
 * Floods of output: how much of it is kept, and where the rest goes
 */

#include "supervise/log_flood.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "util/cleanup.h"

#define SPLICE_BYTES (1u << 20)

static int64_t burst_of(const struct log_flood *flood)
{
    return flood->burst_bytes ? flood->burst_bytes : LOG_FLOOD_BURST_BYTES;
}

static int64_t rate_of(const struct log_flood *flood)
{
    return flood->bytes_a_second ? flood->bytes_a_second : LOG_FLOOD_BYTES_A_SECOND;
}

void log_flood_spend(struct log_flood *flood, uint64_t bytes)
{
    flood->spent_bytes += (int64_t)bytes;
}

bool log_flood_decide(struct log_flood *flood, int64_t now_ms)
{
    int64_t filled = (now_ms - flood->at_ms) * rate_of(flood) / 1000;

    if (filled >= flood->spent_bytes) {
        flood->spent_bytes = 0;
        flood->at_ms = now_ms;
    } else {
        flood->spent_bytes -= filled;
        flood->at_ms += filled * 1000 / rate_of(flood);
    }
    flood->is_dropping = flood->is_dropping ? flood->spent_bytes > burst_of(flood) / 2
                                            : flood->spent_bytes >= burst_of(flood);
    return flood->is_dropping;
}

bool log_flood_drop(struct log_flood *flood, int pipe)
{
    AUTO_CLOSE int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    ssize_t moved = splice(pipe, NULL, nowhere, NULL, SPLICE_BYTES, SPLICE_F_NONBLOCK);

    if (moved <= 0)
        return false;
    flood->dropped_bytes += (uint64_t)moved;
    return true;
}

void log_flood_format(const struct log_flood *flood, char out[96])
{
    if (flood->is_dropping)
        (void)snprintf(out, 96, "carte: output is dropped, it is more than %lld bytes a second",
                       (long long)rate_of(flood));
    else
        (void)snprintf(out, 96, "carte: %llu bytes of output were dropped",
                       (unsigned long long)flood->dropped_bytes);
}
