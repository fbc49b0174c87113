/* SPDX-License-Identifier: MIT */

/*
 * Trying again what failed in passing
 */

#pragma once

#include <stdint.h>

#include "util/macro.h"

struct error;
struct http_answer;

/* How often it is tried at most. */
#define HTTP_RETRY_TRIES 5U

/*
 * How long to wait after the failure of try number `tries` (1 is the first): as long as the
 * server says in Retry-After (`retry_after`, NULL: nothing), else half a second and twice that
 * each time; between, and never more than a minute. -1: not again.
 */
int64_t http_retry_decide_ms(unsigned tries, const char *retry_after);

/* One try. It clears and fills *answer; 0 with a transient answer counts as a failure, too. */
typedef int (*http_retry_fn)(void *context, struct http_answer *answer, struct error *err);

/*
 * Call `attempt` until it succeeds, fails for good (answer->transient is false) or has failed
 * often enough. The answer and the error are those of the last try.
 */
int http_retry(http_retry_fn attempt, void *context, struct http_answer *answer,
               struct error *err) MUST_CHECK;
