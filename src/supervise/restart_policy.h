/* SPDX-License-Identifier: MIT */

/*
 * Whether and when a replica that ended starts again
 *
 * Pure. Back-off: the policy's delay (default 100 ms), doubled for each restart in a row, never
 * above 30 s (or the policy's delay, where that is longer), with full jitter: a time between now
 * and the delay is drawn, so that replicas that fell together do not rise together. The row ends
 * when the replica ran for 10 s and was healthy once (where there is a health check); the
 * restart after such a run comes at once, unless the policy asks for more than the default.
 *
 * Budget: ten restarts of a service's replicas within 60 s make it degraded: restarts go on, at
 * the cap, and the decision says so. "Restart always" means always.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "stack/service.h"

#define RESTART_POLICY_DELAY_MS 100
#define RESTART_POLICY_CAP_MS 30000
#define RESTART_POLICY_STABLE_MS 10000
#define RESTART_POLICY_BUDGET 10
#define RESTART_POLICY_BUDGET_MS 60000
#define RESTART_POLICY_ATTEMPTS_KEPT 32

enum restart_policy_exit {
    RESTART_POLICY_EXIT_OK,     /* status 0 */
    RESTART_POLICY_EXIT_FAILED, /* another status, or a signal */
    RESTART_POLICY_EXIT_OOM,
    RESTART_POLICY_EXIT_UNHEALTHY,
    RESTART_POLICY_EXIT_NOT_STARTED, /* the start failed */
    RESTART_POLICY_EXIT_UNKNOWN,     /* nobody could read the status: a failure */
};

/* Of one replica; zero is the beginning. Times are monotonic. */
struct restart_policy_history {
    int64_t started_ms;   /* last start; set by the caller */
    bool has_healthcheck; /* set by the caller */
    bool was_healthy;     /* since the last start; set by the caller */
    uint32_t row;         /* restarts in a row */
    uint32_t total;       /* restarts by the policy, ever: shown as Restarts */
    uint32_t attempt_count;
    int64_t attempts[RESTART_POLICY_ATTEMPTS_KEPT]; /* times of the last ones, a ring */
};

/* Of one service: times of its replicas' last restarts, a ring; zero is the beginning. */
struct restart_policy_budget {
    uint32_t count;
    int64_t times[RESTART_POLICY_BUDGET];
};

enum restart_policy_verdict {
    RESTART_POLICY_RESTART,   /* at at_ms */
    RESTART_POLICY_COMPLETED, /* it ended well and stays so */
    RESTART_POLICY_GIVE_UP,   /* it failed and stays so */
};

struct restart_policy_decision {
    enum restart_policy_verdict verdict;
    int64_t at_ms;
    bool stable;   /* the run was long enough to end a row */
    bool degraded; /* the service's budget is used up */
    char reason[160];
};

struct restart_policy_input {
    const struct service_restart_policy *policy;
    const struct restart_policy_history *history;
    const struct restart_policy_budget *budget;
    enum restart_policy_exit exit;
    int64_t now_ms;
    uint32_t random; /* any 32 bits */
};

void restart_policy_decide(const struct restart_policy_input *input,
                           struct restart_policy_decision *out);

/* Note in history and budget that `decision` is carried out. */
void restart_policy_record(struct restart_policy_history *history,
                           struct restart_policy_budget *budget,
                           const struct restart_policy_decision *decision, int64_t now_ms);

/* Is the service's budget used up at `now_ms`? */
bool restart_policy_is_degraded(const struct restart_policy_budget *budget, int64_t now_ms);

/* The user asked for a start: the row and the attempts begin anew. */
void restart_policy_reset(struct restart_policy_history *history);
