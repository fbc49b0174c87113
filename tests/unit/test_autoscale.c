/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "supervise/autoscale.h"

#define NOW INT64_C(10000000)
#define MINUTE INT64_C(60000)
#define REPLICAS_MAX 100

/* A service of `count` ready replicas, all with the same use of cpu in percent. */
struct fixture {
    struct autoscale_policy policy;
    struct autoscale_target target;
    struct autoscale_step steps[8];
    struct autoscale_replica replicas[REPLICAS_MAX];
    struct autoscale_input input;
    struct autoscale_history history;
    struct autoscale_decision decision;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (!f)
        return -1;
    f->target = (struct autoscale_target){ AUTOSCALE_CPU, 50 };
    f->policy = (struct autoscale_policy){
        .enabled = true,
        .min = 1,
        .max = 1000,
        .targets = &f->target,
        .target_count = 1,
        .steps = f->steps,
        .cooldown_ms = 300000,
        .tolerance_millis = 100,
    };
    f->input.replicas = f->replicas;
    f->input.now_ms = NOW;
    f->input.host_max = INT64_MAX;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    autoscale_history_done(&f->history);
    free(f);
    return 0;
}

static void set_use(struct fixture *f, int64_t current, int64_t percent)
{
    f->input.current = current;
    f->input.replica_count = (size_t)current;
    for (int64_t i = 0; i < current; i++) {
        f->replicas[i] = (struct autoscale_replica){
            .running = true,
            .ready = true,
            .started_ms = NOW - 60 * MINUTE,
            .ready_changed_ms = NOW - 59 * MINUTE,
            .sampled_ms = f->input.now_ms,
            .window_ms = 1000,
            .percent_millis = { percent * 1000, percent * 1000 },
        };
    }
}

static int64_t decide(struct fixture *f)
{
    autoscale_decide(&f->policy, &f->input, &f->history, &f->decision);
    assert_true(strlen(f->decision.reason) > 0);
    return f->decision.desired;
}

static int64_t decide_and_record(struct fixture *f)
{
    decide(f);
    autoscale_record(&f->history, &f->policy, &f->input, &f->decision);
    return f->decision.desired;
}

static void ratio_times_ready_is_rounded_up(void **state)
{
    static const struct {
        int64_t current, percent, desired;
    } cases[] = {
        { 1, 100, 2 }, { 3, 100, 6 },  { 4, 60, 5 }, { 4, 25, 2 },   { 3, 10, 1 },
        { 5, 0, 1 },   { 10, 80, 16 }, { 3, 55, 3 }, { 3, 45, 3 },   { 100, 55, 100 },
        { 3, 56, 4 },  { 10, 44, 9 },  { 2, 50, 2 }, { 10, 56, 12 },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        set_use(f, cases[i].current, cases[i].percent);
        assert_int_equal(decide(f), cases[i].desired);
    }
}

static void the_reason_shows_the_arithmetic(void **state)
{
    struct fixture *f = *state;

    set_use(f, 3, 100);
    f->policy.max = 5;
    decide(f);
    assert_string_equal(f->decision.reason, "cpu 100.0% of target 50% over 3 ready: 6; max 5");
}

static void missing_samples_count_against_the_direction(void **state)
{
    struct fixture *f = *state;

    /* Up: 2 at 100 %, 1 missing counts 0: 200 / (3 x 50) = 1.33 -> 4 instead of 6. */
    set_use(f, 3, 100);
    f->replicas[2].percent_millis[AUTOSCALE_CPU] = AUTOSCALE_NO_SAMPLE;
    assert_int_equal(decide(f), 4);
    /* Down: 3 at 10 %, 1 missing counts 100: 130 / (4 x 50) = 0.65 -> 3 instead of 1. */
    set_use(f, 4, 10);
    f->replicas[0].percent_millis[AUTOSCALE_CPU] = AUTOSCALE_NO_SAMPLE;
    assert_int_equal(decide(f), 3);
    /* 2 at 30 %, 2 missing: 260 / 200 would turn the direction. */
    set_use(f, 4, 30);
    f->replicas[0].percent_millis[AUTOSCALE_CPU] = AUTOSCALE_NO_SAMPLE;
    f->replicas[1].percent_millis[AUTOSCALE_CPU] = AUTOSCALE_NO_SAMPLE;
    assert_int_equal(decide(f), 4);
}

static void starting_replicas_damp_a_scale_out(void **state)
{
    struct fixture *f = *state;

    /* 2 at 100 %, 2 starting: 200 / (4 x 50) = 1: wait for them. */
    set_use(f, 4, 100);
    f->replicas[2].running = false;
    f->replicas[3].running = false;
    assert_int_equal(decide(f), 4);
    /* A scale-in does not mind them: 1 of 1 at 10 % -> 1. */
    set_use(f, 2, 10);
    f->replicas[1].running = false;
    assert_int_equal(decide(f), 1);
}

static void a_young_replica_is_not_judged_by_its_start(void **state)
{
    struct fixture *f = *state;

    set_use(f, 2, 50);
    f->replicas[1].percent_millis[AUTOSCALE_CPU] = 400 * 1000;
    f->replicas[1].started_ms = NOW - 5000;
    f->replicas[1].ready_changed_ms = NOW - 500;
    assert_int_equal(decide(f), 2);
    /* Once a whole window was measured after it became ready, it counts. */
    f->replicas[1].ready_changed_ms = NOW - 1001;
    assert_int_equal(decide(f), 9);
    /* Memory is not a matter of the start. */
    f->target.metric = AUTOSCALE_MEMORY;
    f->replicas[1].ready_changed_ms = NOW - 500;
    f->replicas[1].percent_millis[AUTOSCALE_MEMORY] = 150 * 1000;
    assert_int_equal(decide(f), 4);
}

static void without_samples_nothing_is_done(void **state)
{
    struct fixture *f = *state;

    set_use(f, 3, 0);
    for (int i = 0; i < 3; i++)
        f->replicas[i].percent_millis[AUTOSCALE_CPU] = AUTOSCALE_NO_SAMPLE;
    assert_int_equal(decide(f), 3);
    assert_false(f->decision.has_recommendation);
    assert_string_equal(f->decision.reason, "no sample yet");
}

static void the_largest_of_several_metrics_wins(void **state)
{
    struct fixture *f = *state;
    struct autoscale_target both[] = { { AUTOSCALE_CPU, 50 }, { AUTOSCALE_MEMORY, 50 } };

    f->policy.targets = both;
    f->policy.target_count = 2;
    set_use(f, 4, 25);
    for (int i = 0; i < 4; i++)
        f->replicas[i].percent_millis[AUTOSCALE_MEMORY] = 75 * 1000;
    assert_int_equal(decide(f), 6);
    /* One that cannot be measured forbids a scale-in, not a scale-out. */
    for (int i = 0; i < 4; i++)
        f->replicas[i].percent_millis[AUTOSCALE_MEMORY] = AUTOSCALE_NO_SAMPLE;
    assert_int_equal(decide(f), 4);
    for (int i = 0; i < 4; i++)
        f->replicas[i].percent_millis[AUTOSCALE_CPU] = 100 * 1000;
    assert_int_equal(decide(f), 8);
}

static void a_scale_in_waits_for_its_window(void **state)
{
    struct fixture *f = *state;

    f->policy.down.stabilization_ms = 5 * MINUTE;
    set_use(f, 4, 50);
    assert_int_equal(decide_and_record(f), 4);
    for (f->input.now_ms = NOW + MINUTE; f->input.now_ms < NOW + 5 * MINUTE;
         f->input.now_ms += MINUTE) {
        set_use(f, 4, 20);
        assert_int_equal(decide_and_record(f), 4);
    }
    /* The recommendation of the beginning is now out of the window. */
    set_use(f, 4, 20);
    assert_int_equal(decide_and_record(f), 2);
}

static void a_scale_out_takes_the_least_of_its_window(void **state)
{
    struct fixture *f = *state;

    f->policy.up.stabilization_ms = MINUTE;
    set_use(f, 2, 50);
    decide_and_record(f);
    f->input.now_ms += 30000;
    set_use(f, 2, 200);
    assert_int_equal(decide_and_record(f), 2);
    f->input.now_ms += 30000;
    set_use(f, 2, 100);
    assert_int_equal(decide_and_record(f), 4);
}

/* The example of the Kubernetes pages: 80 replicas, 10 % or 4 a minute. */
static void rates_limit_a_scale_in(void **state)
{
    static const int64_t expected[] = { 72, 64, 57, 51, 45, 40, 36, 32, 28, 24, 20, 16, 12, 10 };
    struct fixture *f = *state;

    f->policy.down.rates[0] = (struct autoscale_rate){ true, 10, MINUTE };
    f->policy.down.rates[1] = (struct autoscale_rate){ false, 4, MINUTE };
    f->policy.down.rate_count = 2;
    f->policy.min = 10;
    f->input.current = 80;
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        set_use(f, f->input.current, 1);
        assert_int_equal(decide_and_record(f), expected[i]);
        f->input.current = f->decision.desired;
        /* Within the minute nothing more goes. */
        set_use(f, f->input.current, 1);
        f->input.now_ms += MINUTE / 2;
        if (i + 1 < ARRAY_SIZE(expected))
            assert_int_equal(decide_and_record(f), expected[i]);
        f->input.now_ms += MINUTE / 2;
    }
}

static void default_rates_allow_four_or_a_doubling(void **state)
{
    struct fixture *f = *state;

    f->policy.up.rates[0] = (struct autoscale_rate){ false, 4, 15000 };
    f->policy.up.rates[1] = (struct autoscale_rate){ true, 100, 15000 };
    f->policy.up.rate_count = 2;
    set_use(f, 1, 1000);
    assert_int_equal(decide(f), 5);
    set_use(f, 10, 1000);
    assert_int_equal(decide(f), 20);
    f->policy.up.select = AUTOSCALE_SELECT_MIN;
    assert_int_equal(decide(f), 14);
    f->policy.up.select = AUTOSCALE_SELECT_DISABLED;
    assert_int_equal(decide(f), 10);
}

static void a_count_set_by_hand_is_held(void **state)
{
    struct fixture *f = *state;

    autoscale_record_manual(&f->history, NOW, 2, 5);
    set_use(f, 5, 5);
    f->input.now_ms = NOW + f->policy.cooldown_ms - 1;
    assert_int_equal(decide(f), 5);
    f->input.now_ms++;
    assert_int_equal(decide(f), 1);
}

static void limits_and_the_machine_bound_the_result(void **state)
{
    struct fixture *f = *state;

    f->policy.min = 2;
    f->policy.max = 6;
    set_use(f, 5, 200);
    assert_int_equal(decide(f), 6);
    set_use(f, 5, 1);
    assert_int_equal(decide(f), 2);
    set_use(f, 4, 200);
    f->input.host_max = 5;
    assert_int_equal(decide(f), 5);
    assert_non_null(strstr(f->decision.reason, "the machine has room for 5"));
    /* A full machine does not take away what runs. */
    f->input.host_max = 3;
    assert_int_equal(decide(f), 4);
}

static void a_stopped_service_stays_stopped(void **state)
{
    struct fixture *f = *state;

    set_use(f, 0, 0);
    decide(f);
    assert_string_equal(f->decision.reason, "stopped: not scaled");
}

/* The example of the ECS pages: threshold 50, from 10 replicas on. */
static void use_steps(struct fixture *f)
{
    static const struct autoscale_step steps[] = {
        { 60, 70, 1 },
        { 70, INT64_MAX, 3 },
        { 30, 40, -1 },
        { INT64_MIN, 30, -4 },
    };

    f->policy.target_count = 0;
    memcpy(f->steps, steps, sizeof(steps));
    f->policy.step_count = ARRAY_SIZE(steps);
    f->policy.step_metric = AUTOSCALE_CPU;
}

static void steps_follow_the_worked_example(void **state)
{
    static const struct {
        int64_t percent, desired;
    } cases[] = { { 59, 10 }, { 60, 11 }, { 70, 14 }, { 50, 14 },
                  { 41, 14 }, { 40, 13 }, { 31, 12 }, { 30, 8 } };
    struct fixture *f = *state;

    use_steps(f);
    f->policy.cooldown_ms = MINUTE;
    f->input.current = 10;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        f->input.now_ms += 2 * MINUTE;
        set_use(f, f->input.current, cases[i].percent);
        assert_int_equal(decide_and_record(f), cases[i].desired);
        f->input.current = f->decision.desired;
    }
}

static void in_the_cooldown_only_the_rest_of_a_larger_step_is_added(void **state)
{
    struct fixture *f = *state;

    use_steps(f);
    set_use(f, 10, 65);
    assert_int_equal(decide_and_record(f), 11);
    f->input.now_ms += MINUTE;
    set_use(f, 11, 65);
    assert_int_equal(decide_and_record(f), 11);
    set_use(f, 11, 90);
    assert_int_equal(decide_and_record(f), 13);
    set_use(f, 13, 10);
    assert_int_equal(decide_and_record(f), 13);
    f->input.now_ms += f->policy.cooldown_ms;
    set_use(f, 13, 10);
    assert_int_equal(decide_and_record(f), 9);
    /* A scale-out breaks the cooldown of a scale-in. */
    set_use(f, 9, 10);
    assert_int_equal(decide_and_record(f), 9);
    set_use(f, 9, 65);
    assert_int_equal(decide_and_record(f), 10);
}

static void with_steps_and_targets_the_larger_wins(void **state)
{
    struct fixture *f = *state;

    use_steps(f);
    f->policy.target_count = 1;
    set_use(f, 10, 70);
    assert_int_equal(decide(f), 14);
    assert_int_equal(f->decision.step_change, 0);
    set_use(f, 10, 20);
    assert_int_equal(decide(f), 6);
    assert_int_equal(f->decision.step_change, -4);
}

static void whatever_comes_the_result_is_within_bounds(void **state)
{
    struct fixture *f = *state;
    uint64_t seed = 88172645463325252u;

    use_steps(f);
    f->policy.target_count = 1;
    f->policy.min = 2;
    f->policy.max = 50;
    f->policy.cooldown_ms = 5000;
    f->policy.down.stabilization_ms = 10000;
    f->policy.up.rates[0] = (struct autoscale_rate){ false, 4, 15000 };
    f->policy.up.rate_count = 1;
    f->input.current = 2;
    for (int i = 0; i < 2000; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        set_use(f, f->input.current, (int64_t)(seed % 300));
        f->replicas[0].running = seed & 1024;
        f->replicas[1].percent_millis[AUTOSCALE_CPU] = seed & 2048 ? 5 : AUTOSCALE_NO_SAMPLE;
        f->input.now_ms += (int64_t)(seed % 3000);
        assert_in_range(decide_and_record(f), 2, 50);
        f->input.current = f->decision.desired;
    }
    assert_true(f->history.recommendation_count < 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ratio_times_ready_is_rounded_up),
        TEST(the_reason_shows_the_arithmetic),
        TEST(missing_samples_count_against_the_direction),
        TEST(starting_replicas_damp_a_scale_out),
        TEST(a_young_replica_is_not_judged_by_its_start),
        TEST(without_samples_nothing_is_done),
        TEST(the_largest_of_several_metrics_wins),
        TEST(a_scale_in_waits_for_its_window),
        TEST(a_scale_out_takes_the_least_of_its_window),
        TEST(rates_limit_a_scale_in),
        TEST(default_rates_allow_four_or_a_doubling),
        TEST(a_count_set_by_hand_is_held),
        TEST(limits_and_the_machine_bound_the_result),
        TEST(a_stopped_service_stays_stopped),
        TEST(steps_follow_the_worked_example),
        TEST(in_the_cooldown_only_the_rest_of_a_larger_step_is_added),
        TEST(with_steps_and_targets_the_larger_wins),
        TEST(whatever_comes_the_result_is_within_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
