/* SPDX-License-Identifier: MIT */

/*
 * Whether and when a replica that ended starts again
 */

#include "supervise/restart_policy.h"

#include <stdio.h>
#include <string.h>

#include "util/macro.h"
#include "util/parse.h"

static const char *const exit_texts[] = {
    [RESTART_POLICY_EXIT_OK] = "ended by itself",
    [RESTART_POLICY_EXIT_FAILED] = "failed",
    [RESTART_POLICY_EXIT_OOM] = "ran out of memory",
    [RESTART_POLICY_EXIT_UNHEALTHY] = "was unhealthy",
    [RESTART_POLICY_EXIT_NOT_STARTED] = "could not be started",
    [RESTART_POLICY_EXIT_UNKNOWN] = "ended, nobody knows how",
};

/* Did the last run end a row of failures? */
static bool is_stable(const struct restart_policy_input *input)
{
    const struct restart_policy_history *history = input->history;

    if (input->exit == RESTART_POLICY_EXIT_NOT_STARTED)
        return false;
    if (history->has_healthcheck && !history->was_healthy)
        return false;
    return input->now_ms - history->started_ms >= RESTART_POLICY_STABLE_MS;
}

/* Attempts that count against max_attempts: within the window, or of this row. */
static int64_t count_attempts(const struct restart_policy_input *input, bool stable)
{
    const struct restart_policy_history *history = input->history;
    int64_t window_ms = input->policy->window_ms;
    size_t kept = MIN(history->attempt_count, (uint32_t)RESTART_POLICY_ATTEMPTS_KEPT);
    int64_t count = 0;

    if (window_ms <= 0)
        return stable ? 0 : history->row;
    for (size_t i = 0; i < kept; i++)
        count += history->attempts[i] > input->now_ms - window_ms;
    return count;
}

/* The longest time to wait before the restart that follows `row` restarts in a row. */
static int64_t longest_delay(const struct service_restart_policy *policy, uint32_t row)
{
    int64_t delay_ms = policy->delay_ms;
    int64_t cap_ms = MAX((int64_t)RESTART_POLICY_CAP_MS, policy->delay_ms);

    for (uint32_t i = 0; i < row && delay_ms < cap_ms; i++)
        delay_ms = delay_ms > 0 ? delay_ms * 2 : RESTART_POLICY_DELAY_MS;
    return MIN(delay_ms, cap_ms);
}

/* A time between `low` and `high`, both possible. */
static int64_t draw(int64_t low, int64_t high, uint32_t random)
{
    return low + (int64_t)(((uint64_t)(high - low + 1) * random) >> 32);
}

static void decide_restart(const struct restart_policy_input *input,
                           struct restart_policy_decision *out)
{
    const struct service_restart_policy *policy = input->policy;
    int64_t cap_ms = MAX((int64_t)RESTART_POLICY_CAP_MS, policy->delay_ms);
    int64_t delay_ms = longest_delay(policy, out->stable ? 0 : input->history->row);
    char delay[32];

    out->verdict = RESTART_POLICY_RESTART;
    out->degraded = restart_policy_is_degraded(input->budget, input->now_ms);
    if (out->degraded) {
        delay_ms = draw(cap_ms / 2, cap_ms, input->random);
    } else if (out->stable && delay_ms <= RESTART_POLICY_DELAY_MS) {
        delay_ms = 0;
    } else if (policy->delay_ms > RESTART_POLICY_DELAY_MS) {
        delay_ms = draw(policy->delay_ms, delay_ms, input->random);
    } else {
        delay_ms = draw(0, delay_ms, input->random);
    }
    out->at_ms = input->now_ms + delay_ms;
    parse_format_duration(delay_ms, delay);
    snprintf(out->reason, sizeof(out->reason), "%s, restart %u in %s%s", exit_texts[input->exit],
             out->stable ? 1 : input->history->row + 1, delay,
             out->degraded ? " (degraded: 10 restarts of the service in 60s)" : "");
}

void restart_policy_decide(const struct restart_policy_input *input,
                           struct restart_policy_decision *out)
{
    const struct service_restart_policy *policy = input->policy;
    bool failed = input->exit != RESTART_POLICY_EXIT_OK;
    const char *text = exit_texts[input->exit];

    *out = (struct restart_policy_decision){ .stable = is_stable(input) };
    if (!failed && policy->condition != SERVICE_RESTART_ANY) {
        out->verdict = RESTART_POLICY_COMPLETED;
        snprintf(out->reason, sizeof(out->reason), "completed");
        return;
    }
    if (policy->condition == SERVICE_RESTART_NO) {
        out->verdict = RESTART_POLICY_GIVE_UP;
        snprintf(out->reason, sizeof(out->reason), "%s, and its restart policy is 'no'", text);
        return;
    }
    if (policy->max_attempts > 0 && count_attempts(input, out->stable) >= policy->max_attempts) {
        out->verdict = failed ? RESTART_POLICY_GIVE_UP : RESTART_POLICY_COMPLETED;
        snprintf(out->reason, sizeof(out->reason), "%s, given up after %lld restarts", text,
                 (long long)policy->max_attempts);
        return;
    }
    decide_restart(input, out);
}

void restart_policy_record(struct restart_policy_history *history,
                           struct restart_policy_budget *budget,
                           const struct restart_policy_decision *decision, int64_t now_ms)
{
    if (decision->verdict != RESTART_POLICY_RESTART)
        return;
    history->row = decision->stable ? 1 : history->row + 1;
    history->total++;
    history->attempts[history->attempt_count++ % RESTART_POLICY_ATTEMPTS_KEPT] = now_ms;
    budget->times[budget->count++ % RESTART_POLICY_BUDGET] = now_ms;
}

bool restart_policy_is_degraded(const struct restart_policy_budget *budget, int64_t now_ms)
{
    if (budget->count < RESTART_POLICY_BUDGET)
        return false;
    /* The ring is full: its next place holds the oldest of the last ten. */
    return budget->times[budget->count % RESTART_POLICY_BUDGET] > now_ms - RESTART_POLICY_BUDGET_MS;
}

void restart_policy_reset(struct restart_policy_history *history)
{
    history->row = 0;
    history->attempt_count = 0;
    memset(history->attempts, 0, sizeof(history->attempts));
}
