/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "supervise/rollout.h"

#define REPLICAS_MAX 64

/* A small world: new replicas need two turns to be ready, old ones two turns to end. */
struct world {
    struct service_update rules;
    struct rollout_replica replicas[REPLICAS_MAX];
    int age[REPLICAS_MAX];
    size_t count;
    int64_t desired;
    int64_t now_ms;
    size_t gone_failed;
    int64_t least_ready, most_alive;
    struct rollout_step step;
    bool stop[REPLICAS_MAX];
};

static void add(struct world *w, size_t number, bool is_new, enum rollout_phase phase)
{
    for (size_t i = 0; i < number; i++) {
        w->age[w->count] = 0;
        w->replicas[w->count++] = (struct rollout_replica){
            .is_new = is_new,
            .phase = phase,
            .ready_ms = w->now_ms,
        };
    }
}

static enum rollout_action decide(struct world *w)
{
    const struct rollout_input input = {
        .rules = &w->rules,
        .replicas = w->replicas,
        .count = w->count,
        .desired = w->desired,
        .now_ms = w->now_ms,
        .gone_failed = w->gone_failed,
    };

    rollout_decide(&input, w->stop, &w->step);
    assert_true(strlen(w->step.reason) > 0);
    return w->step.action;
}

static size_t marks(const struct world *w)
{
    size_t number = 0;

    for (size_t i = 0; i < w->count; i++)
        number += w->stop[i];
    return number;
}

static void remove_at(struct world *w, size_t i)
{
    memmove(&w->replicas[i], &w->replicas[i + 1], (w->count - i - 1) * sizeof(w->replicas[0]));
    memmove(&w->age[i], &w->age[i + 1], (w->count - i - 1) * sizeof(w->age[0]));
    w->count--;
}

static void do_step(struct world *w)
{
    if (w->step.action == ROLLOUT_START)
        add(w, (size_t)w->step.count, true, ROLLOUT_STARTING);
    if (w->step.action == ROLLOUT_STOP) {
        assert_int_equal(marks(w), w->step.count);
        for (size_t i = 0; i < w->count; i++) {
            if (!w->stop[i])
                continue;
            assert_false(w->replicas[i].is_new);
            w->replicas[i].phase = ROLLOUT_STOPPING;
            w->age[i] = 0;
        }
    }
}

static void pass_time(struct world *w)
{
    int64_t ready = 0;

    w->now_ms += 100;
    for (size_t i = w->count; i > 0; i--) {
        struct rollout_replica *replica = &w->replicas[i - 1];

        w->age[i - 1]++;
        if (replica->phase == ROLLOUT_STARTING && w->age[i - 1] >= 2) {
            replica->phase = ROLLOUT_READY;
            replica->ready_ms = w->now_ms;
        } else if (replica->phase == ROLLOUT_STOPPING && w->age[i - 1] >= 2) {
            remove_at(w, i - 1);
        }
    }
    for (size_t i = 0; i < w->count; i++)
        ready += w->replicas[i].phase == ROLLOUT_READY;
    w->least_ready = MIN(w->least_ready, ready);
    w->most_alive = MAX(w->most_alive, (int64_t)w->count);
}

/* Run the update to its end; returns how long it took. */
static int64_t run(struct world *w)
{
    int64_t began_ms = w->now_ms;

    w->least_ready = INT64_MAX;
    for (int turn = 0; turn < 10000; turn++) {
        enum rollout_action action = decide(w);

        if (action == ROLLOUT_DONE)
            return w->now_ms - began_ms;
        assert_true(action == ROLLOUT_START || action == ROLLOUT_STOP || action == ROLLOUT_WAIT);
        do_step(w);
        if (action == ROLLOUT_WAIT)
            pass_time(w);
    }
    fail_msg("the update does not end");
    return 0;
}

static void start_first_never_has_fewer_ready_than_wanted(void **state)
{
    (void)state;
    for (int64_t replicas = 1; replicas <= 7; replicas++) {
        for (int64_t parallelism = 0; parallelism <= 4; parallelism++) {
            struct world w = {
                .rules = { .order = SERVICE_START_FIRST, .parallelism = parallelism },
                .desired = replicas,
            };

            add(&w, (size_t)replicas, false, ROLLOUT_READY);
            run(&w);
            assert_true(w.least_ready >= replicas);
            /* Old ones on their way out are still there while the next batch starts. */
            assert_true(w.most_alive <= replicas + 2 * (parallelism ? parallelism : replicas));
            assert_int_equal(w.count, replicas);
        }
    }
}

static void stop_first_never_has_more_than_wanted(void **state)
{
    (void)state;
    for (int64_t replicas = 1; replicas <= 7; replicas++) {
        for (int64_t parallelism = 1; parallelism <= 4; parallelism++) {
            struct world w = {
                .rules = { .order = SERVICE_STOP_FIRST, .parallelism = parallelism },
                .desired = replicas,
            };

            add(&w, (size_t)replicas, false, ROLLOUT_READY);
            run(&w);
            assert_true(w.most_alive <= replicas);
            assert_true(w.least_ready >= replicas - parallelism);
            assert_int_equal(w.count, replicas);
        }
    }
}

static void a_change_of_the_count_goes_along(void **state)
{
    static const int64_t counts[][2] = { { 5, 2 }, { 2, 5 }, { 3, 0 }, { 0, 3 } };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        for (int order = SERVICE_STOP_FIRST; order <= SERVICE_START_FIRST; order++) {
            struct world w = {
                .rules = { .order = (enum service_order)order, .parallelism = 1 },
                .desired = counts[i][1],
            };

            add(&w, (size_t)counts[i][0], false, ROLLOUT_READY);
            run(&w);
            assert_int_equal(w.count, counts[i][1]);
        }
    }
}

static void delay_and_monitor_take_their_time(void **state)
{
    struct world w = {
        .rules = { .order = SERVICE_START_FIRST,
                   .parallelism = 1,
                   .delay_ms = 5000,
                   .monitor_ms = 10000 },
        .desired = 3,
    };

    (void)state;
    add(&w, 3, false, ROLLOUT_READY);
    assert_in_range(run(&w), 3 * 200 + 2 * 5000 + 10000, 3 * 200 + 2 * 5000 + 10500);
}

static void a_wait_says_until_when(void **state)
{
    struct world w = {
        .rules = { .order = SERVICE_START_FIRST, .parallelism = 1, .delay_ms = 5000 },
        .desired = 2,
        .now_ms = 1000,
    };

    (void)state;
    add(&w, 1, false, ROLLOUT_READY);
    add(&w, 1, true, ROLLOUT_READY);
    w.now_ms = 2000;
    assert_int_equal(decide(&w), ROLLOUT_WAIT);
    assert_int_equal(w.step.until_ms, 6000);
    w.now_ms = 6000;
    assert_int_equal(decide(&w), ROLLOUT_START);
}

static void old_replicas_stay_until_a_new_one_is_ready(void **state)
{
    struct world w = {
        .rules = { .order = SERVICE_START_FIRST, .parallelism = 2 },
        .desired = 3,
    };

    (void)state;
    add(&w, 3, false, ROLLOUT_READY);
    assert_int_equal(decide(&w), ROLLOUT_START);
    assert_int_equal(w.step.count, 2);
    do_step(&w);
    assert_int_equal(decide(&w), ROLLOUT_WAIT);
    assert_int_equal(marks(&w), 0);
}

static void broken_old_replicas_go_first(void **state)
{
    struct world w = {
        .rules = { .order = SERVICE_STOP_FIRST, .parallelism = 1 },
        .desired = 3,
    };

    (void)state;
    add(&w, 1, false, ROLLOUT_READY);
    add(&w, 1, false, ROLLOUT_BROKEN);
    add(&w, 1, false, ROLLOUT_READY);
    assert_int_equal(decide(&w), ROLLOUT_STOP);
    assert_true(w.stop[1]);
    assert_int_equal(marks(&w), 1);
}

static struct rollout_replica numbered(int64_t index, bool is_new, enum rollout_phase phase)
{
    return (struct rollout_replica){ .index = index, .is_new = is_new, .phase = phase };
}

static void a_new_replica_has_the_index_of_an_old_one(void **state)
{
    const struct rollout_replica replicas[] = {
        numbered(1, false, ROLLOUT_READY),
        numbered(3, false, ROLLOUT_STOPPING),
        numbered(4, true, ROLLOUT_READY),
        numbered(1, true, ROLLOUT_STARTING),
    };

    (void)state;
    assert_int_equal(rollout_pick_index(NULL, 0, 1, true), 1);
    assert_int_equal(rollout_pick_index(replicas, 1, 1, true), 1);
    /* Growth comes first, and so does the place of one that was stopped before. */
    assert_int_equal(rollout_pick_index(replicas, 1, 2, true), 2);
    assert_int_equal(rollout_pick_index(replicas, 4, 4, true), 2);
    assert_int_equal(rollout_pick_index(replicas, 4, 1, true), 2);
    assert_int_equal(rollout_pick_index(replicas + 1, 2, 1, true), 1);
    /* A name or an address of its own is nothing that two can have. */
    assert_int_equal(rollout_pick_index(replicas, 1, 1, false), 2);
}

static void the_replaced_goes_before_the_highest(void **state)
{
    struct world w = {
        .rules = { .order = SERVICE_START_FIRST, .parallelism = 1 },
        .desired = 3,
        .count = 4,
        .replicas = {
            numbered(1, false, ROLLOUT_READY),
            numbered(2, false, ROLLOUT_READY),
            numbered(3, false, ROLLOUT_READY),
            numbered(1, true, ROLLOUT_READY),
        },
    };

    (void)state;
    assert_int_equal(decide(&w), ROLLOUT_STOP);
    assert_int_equal(marks(&w), 1);
    assert_true(w.stop[0]);
    w.replicas[1].phase = ROLLOUT_BROKEN;
    assert_int_equal(decide(&w), ROLLOUT_STOP);
    assert_true(w.stop[1]);
    assert_false(w.stop[0]);
}

static void a_failure_is_answered_as_the_rules_say(void **state)
{
    static const struct {
        enum service_failure_action rule;
        enum rollout_action action;
    } cases[] = {
        { SERVICE_FAILURE_PAUSE, ROLLOUT_PAUSE },
        { SERVICE_FAILURE_ROLLBACK, ROLLOUT_ROLLBACK },
        { SERVICE_FAILURE_CONTINUE, ROLLOUT_START },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct world w = {
            .rules = { .order = SERVICE_START_FIRST,
                       .parallelism = 1,
                       .failure_action = cases[i].rule },
            .desired = 3,
        };

        add(&w, 3, false, ROLLOUT_READY);
        add(&w, 1, true, ROLLOUT_BROKEN);
        w.replicas[3].had_failed = true;
        assert_int_equal(decide(&w), cases[i].action);
    }
}

static void a_failure_in_the_monitor_time_counts(void **state)
{
    struct world w = {
        .rules = { .order = SERVICE_START_FIRST,
                   .parallelism = 1,
                   .monitor_ms = 10000,
                   .failure_action = SERVICE_FAILURE_ROLLBACK },
        .desired = 2,
    };

    (void)state;
    add(&w, 2, true, ROLLOUT_READY);
    w.now_ms = 5000;
    assert_int_equal(decide(&w), ROLLOUT_WAIT);
    assert_int_equal(w.step.until_ms, 10000);
    w.replicas[0].had_failed = true;
    assert_int_equal(decide(&w), ROLLOUT_ROLLBACK);
    assert_string_equal(w.step.reason, "1 of 2 new replicas failed, 0 tolerated");
}

static void a_tolerated_share_may_fail(void **state)
{
    struct world w = {
        .rules = { .order = SERVICE_START_FIRST,
                   .parallelism = 1,
                   .max_failure_millis = 500,
                   .failure_action = SERVICE_FAILURE_PAUSE },
        .desired = 4,
        .gone_failed = 2,
    };

    (void)state;
    add(&w, 4, false, ROLLOUT_READY);
    assert_int_equal(decide(&w), ROLLOUT_START);
    w.gone_failed = 3;
    assert_int_equal(decide(&w), ROLLOUT_PAUSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_first_never_has_fewer_ready_than_wanted),
        cmocka_unit_test(stop_first_never_has_more_than_wanted),
        cmocka_unit_test(a_change_of_the_count_goes_along),
        cmocka_unit_test(delay_and_monitor_take_their_time),
        cmocka_unit_test(a_wait_says_until_when),
        cmocka_unit_test(old_replicas_stay_until_a_new_one_is_ready),
        cmocka_unit_test(broken_old_replicas_go_first),
        cmocka_unit_test(a_new_replica_has_the_index_of_an_old_one),
        cmocka_unit_test(the_replaced_goes_before_the_highest),
        cmocka_unit_test(a_failure_is_answered_as_the_rules_say),
        cmocka_unit_test(a_failure_in_the_monitor_time_counts),
        cmocka_unit_test(a_tolerated_share_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
