/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "supervise/restart_policy.h"

#define NOW INT64_C(1000000)
#define LATEST UINT32_MAX

static const struct service_restart_policy always = {
    .condition = SERVICE_RESTART_ANY,
    .delay_ms = RESTART_POLICY_DELAY_MS,
};
static const struct service_restart_policy on_failure = {
    .condition = SERVICE_RESTART_ON_FAILURE,
    .delay_ms = RESTART_POLICY_DELAY_MS,
    .max_attempts = 3,
};
static const struct service_restart_policy never = { .condition = SERVICE_RESTART_NO };

struct fixture {
    struct restart_policy_history history;
    struct restart_policy_budget budget;
    struct restart_policy_decision decision;
};

static enum restart_policy_verdict decide(struct fixture *f,
                                          const struct service_restart_policy *policy,
                                          enum restart_policy_exit exit, int64_t now_ms)
{
    const struct restart_policy_input input = {
        .policy = policy,
        .history = &f->history,
        .budget = &f->budget,
        .exit = exit,
        .now_ms = now_ms,
        .random = LATEST,
    };

    restart_policy_decide(&input, &f->decision);
    return f->decision.verdict;
}

static void condition_decides_by_exit(void **state)
{
    static const struct {
        const struct service_restart_policy *policy;
        enum restart_policy_exit exit;
        enum restart_policy_verdict verdict;
    } cases[] = {
        { &never, RESTART_POLICY_EXIT_OK, RESTART_POLICY_COMPLETED },
        { &never, RESTART_POLICY_EXIT_FAILED, RESTART_POLICY_GIVE_UP },
        { &never, RESTART_POLICY_EXIT_OOM, RESTART_POLICY_GIVE_UP },
        { &on_failure, RESTART_POLICY_EXIT_OK, RESTART_POLICY_COMPLETED },
        { &on_failure, RESTART_POLICY_EXIT_FAILED, RESTART_POLICY_RESTART },
        { &on_failure, RESTART_POLICY_EXIT_OOM, RESTART_POLICY_RESTART },
        { &on_failure, RESTART_POLICY_EXIT_UNHEALTHY, RESTART_POLICY_RESTART },
        { &on_failure, RESTART_POLICY_EXIT_NOT_STARTED, RESTART_POLICY_RESTART },
        { &on_failure, RESTART_POLICY_EXIT_UNKNOWN, RESTART_POLICY_RESTART },
        { &always, RESTART_POLICY_EXIT_OK, RESTART_POLICY_RESTART },
        { &always, RESTART_POLICY_EXIT_FAILED, RESTART_POLICY_RESTART },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f = { .history.started_ms = NOW - 1 };

        assert_int_equal(decide(&f, cases[i].policy, cases[i].exit, NOW), cases[i].verdict);
        assert_true(strlen(f.decision.reason) > 0);
    }
}

static void delay_doubles_up_to_the_cap(void **state)
{
    static const int64_t delays[] = { 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000 };
    struct fixture f = { 0 };
    int64_t now = NOW;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(delays); i++) {
        f.history.started_ms = now - 1;
        /* Each a day later, so that the budget is not what decides. */
        memset(&f.budget, 0, sizeof(f.budget));
        assert_int_equal(decide(&f, &always, RESTART_POLICY_EXIT_FAILED, now),
                         RESTART_POLICY_RESTART);
        assert_int_equal(f.decision.at_ms - now, delays[i]);
        restart_policy_record(&f.history, &f.budget, &f.decision, now);
        now += 1000;
    }
    assert_int_equal(f.history.total, ARRAY_SIZE(delays));
}

static void jitter_draws_between_now_and_the_delay(void **state)
{
    struct fixture f = { .history = { .started_ms = NOW - 1, .row = 3 } };
    struct restart_policy_input input = {
        .policy = &always,
        .history = &f.history,
        .budget = &f.budget,
        .exit = RESTART_POLICY_EXIT_FAILED,
        .now_ms = NOW,
    };

    (void)state;
    restart_policy_decide(&input, &f.decision);
    assert_int_equal(f.decision.at_ms, NOW);
    input.random = UINT32_MAX / 2;
    restart_policy_decide(&input, &f.decision);
    assert_in_range(f.decision.at_ms, NOW + 399, NOW + 401);
}

static void a_stable_run_ends_the_row(void **state)
{
    struct fixture f = { .history = { .started_ms = NOW - 10000, .row = 7 } };

    (void)state;
    assert_int_equal(decide(&f, &always, RESTART_POLICY_EXIT_FAILED, NOW), RESTART_POLICY_RESTART);
    assert_int_equal(f.decision.at_ms, NOW);
    restart_policy_record(&f.history, &f.budget, &f.decision, NOW);
    assert_int_equal(f.history.row, 1);
}

static void a_long_run_that_was_never_healthy_is_not_stable(void **state)
{
    struct fixture f = {
        .history = { .started_ms = NOW - 60000, .row = 2, .has_healthcheck = true },
    };

    (void)state;
    decide(&f, &always, RESTART_POLICY_EXIT_UNHEALTHY, NOW);
    assert_int_equal(f.decision.at_ms, NOW + 400);
    f.history.was_healthy = true;
    decide(&f, &always, RESTART_POLICY_EXIT_UNHEALTHY, NOW);
    assert_int_equal(f.decision.at_ms, NOW);
}

static void a_longer_delay_of_the_policy_is_kept(void **state)
{
    static const struct service_restart_policy slow = {
        .condition = SERVICE_RESTART_ANY,
        .delay_ms = 5000,
    };
    struct fixture f = { .history.started_ms = NOW - 60000 };

    (void)state;
    decide(&f, &slow, RESTART_POLICY_EXIT_FAILED, NOW);
    assert_int_equal(f.decision.at_ms, NOW + 5000);
}

static void attempts_are_limited(void **state)
{
    struct fixture f = { 0 };

    (void)state;
    for (int64_t i = 0; i < 3; i++) {
        assert_int_equal(decide(&f, &on_failure, RESTART_POLICY_EXIT_FAILED, i),
                         RESTART_POLICY_RESTART);
        restart_policy_record(&f.history, &f.budget, &f.decision, i);
    }
    assert_int_equal(decide(&f, &on_failure, RESTART_POLICY_EXIT_FAILED, 4),
                     RESTART_POLICY_GIVE_UP);
    assert_string_equal(f.decision.reason, "failed, given up after 3 restarts");
    restart_policy_reset(&f.history);
    assert_int_equal(decide(&f, &on_failure, RESTART_POLICY_EXIT_FAILED, 5),
                     RESTART_POLICY_RESTART);
}

static void attempts_count_within_the_window(void **state)
{
    static const struct service_restart_policy windowed = {
        .condition = SERVICE_RESTART_ANY,
        .delay_ms = RESTART_POLICY_DELAY_MS,
        .max_attempts = 2,
        .window_ms = 60000,
    };
    struct fixture f = { 0 };

    (void)state;
    for (int64_t i = 0; i < 2; i++) {
        decide(&f, &windowed, RESTART_POLICY_EXIT_FAILED, NOW + i);
        restart_policy_record(&f.history, &f.budget, &f.decision, NOW + i);
    }
    assert_int_equal(decide(&f, &windowed, RESTART_POLICY_EXIT_FAILED, NOW + 59999),
                     RESTART_POLICY_GIVE_UP);
    assert_int_equal(decide(&f, &windowed, RESTART_POLICY_EXIT_FAILED, NOW + 60001),
                     RESTART_POLICY_RESTART);
}

static void a_used_up_budget_slows_down_and_never_stops(void **state)
{
    struct fixture f = { .history.started_ms = NOW - 1 };

    (void)state;
    for (int64_t i = 0; i < RESTART_POLICY_BUDGET; i++) {
        assert_false(restart_policy_is_degraded(&f.budget, NOW + i));
        decide(&f, &always, RESTART_POLICY_EXIT_FAILED, NOW + i);
        f.history.row = 0;
        restart_policy_record(&f.history, &f.budget, &f.decision, NOW + i);
    }
    assert_int_equal(decide(&f, &always, RESTART_POLICY_EXIT_FAILED, NOW + 100),
                     RESTART_POLICY_RESTART);
    assert_true(f.decision.degraded);
    assert_int_equal(f.decision.at_ms, NOW + 100 + RESTART_POLICY_CAP_MS);
    assert_false(restart_policy_is_degraded(&f.budget, NOW + RESTART_POLICY_BUDGET_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(condition_decides_by_exit),
        cmocka_unit_test(delay_doubles_up_to_the_cap),
        cmocka_unit_test(jitter_draws_between_now_and_the_delay),
        cmocka_unit_test(a_stable_run_ends_the_row),
        cmocka_unit_test(a_long_run_that_was_never_healthy_is_not_stable),
        cmocka_unit_test(a_longer_delay_of_the_policy_is_kept),
        cmocka_unit_test(attempts_are_limited),
        cmocka_unit_test(attempts_count_within_the_window),
        cmocka_unit_test(a_used_up_budget_slows_down_and_never_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
