/* SPDX-License-Identifier: MIT */

/*
 * Trying again what failed in passing
 */

#include "util/http_retry.h"

#include <time.h>

#include "util/clock.h"
#include "util/error.h"
#include "util/http.h"
#include "util/parse.h"

#define FIRST_WAIT_MS 500

int64_t http_retry_decide_ms(unsigned tries, const char *retry_after)
{
    struct error ignored = { 0 };
    int64_t seconds = 0;

    if (tries >= HTTP_RETRY_TRIES)
        return -1;
    /* A date in its place is rare, and the clocks may differ: it counts as nothing. */
    if (retry_after && parse_int(retry_after, 0, INT64_MAX / SECOND_MS, &seconds, &ignored) == 0)
        return MIN(seconds * SECOND_MS, MINUTE_MS);
    return (int64_t)FIRST_WAIT_MS << (tries - 1);
}

static void wait_ms(int64_t ms)
{
    struct timespec left = { .tv_sec = ms / SECOND_MS, .tv_nsec = ms % SECOND_MS * 1000000 };

    while (nanosleep(&left, &left) < 0)
        continue;
}

int http_retry(http_retry_fn attempt, void *context, struct http_answer *answer, struct error *err)
{
    for (unsigned tries = 1;; tries++) {
        int result = attempt(context, answer, err);
        int64_t delay_ms =
            answer->transient ? http_retry_decide_ms(tries, http_find_header(answer, "retry-after"))
                              : -1;

        if (delay_ms < 0)
            return result;
        error_clear(err);
        wait_ms(delay_ms);
    }
}
