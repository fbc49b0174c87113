/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include "runtime/container.h"
#include "supervise/metrics.h"
#include "util/error.h"

static const struct metrics_host host = {
    .memory_bytes = 1000 << 20,
    .available_bytes = 500 << 20,
    .cpu_millis = 2000,
};

static void the_base_is_limit_then_reservation_then_a_core(void **state)
{
    struct service_limits limits = { .cpu_millis = 500, .memory_bytes = 64 << 20 };
    struct service_limits reservations = { .cpu_millis = 250, .memory_bytes = 32 << 20 };
    const struct service_limits none = { 0 };
    struct metrics_base base = { 0 };

    (void)state;
    metrics_choose_base(&limits, &reservations, &host, &base);
    assert_int_equal(base.cpu_millis, 500);
    assert_int_equal(base.memory_bytes, 64 << 20);
    metrics_choose_base(&none, &reservations, &host, &base);
    assert_int_equal(base.cpu_millis, 250);
    assert_int_equal(base.memory_bytes, 32 << 20);
    metrics_choose_base(&none, &none, &host, &base);
    assert_int_equal(base.cpu_millis, 1000);
    assert_int_equal(base.memory_bytes, host.memory_bytes);
}

static void add(struct metrics *metrics, int64_t at_ms, uint64_t cpu_ms, uint64_t memory_mib)
{
    const struct metrics_base base = { .cpu_millis = 500, .memory_bytes = 100 << 20 };
    const struct container_usage usage = {
        .cpu_ns = cpu_ms * 1000000,
        .throttled_ns = cpu_ms * 500000,
        .memory_bytes = memory_mib << 20,
        .pids = 3,
    };

    metrics_add(metrics, &usage, &base, at_ms);
}

static void two_samples_give_a_share(void **state)
{
    struct metrics metrics = { 0 };
    struct metrics_sample mean;
    const struct metrics_sample *last = NULL;

    (void)state;
    assert_null(metrics_find_last(&metrics));
    add(&metrics, 1000, 100, 50);
    assert_false(metrics_average(&metrics, 1000, 60000, &mean));
    add(&metrics, 2000, 350, 25);
    last = metrics_find_last(&metrics);
    assert_int_equal(last->window_ms, 1000);
    assert_int_equal(last->cpu_percent_millis, 50000);
    assert_int_equal(last->memory_percent_millis, 25000);
    assert_int_equal(last->throttled_percent_millis, 12500);
    assert_int_equal(last->pids, 3);
}

static void the_mean_is_weighted_by_time(void **state)
{
    struct metrics metrics = { 0 };
    struct metrics_sample mean;

    (void)state;
    add(&metrics, 0, 0, 10);
    add(&metrics, 1000, 500, 10);
    add(&metrics, 4000, 500, 10);
    assert_true(metrics_average(&metrics, 4000, 60000, &mean));
    assert_int_equal(mean.cpu_percent_millis, 25000);
    assert_int_equal(mean.window_ms, 4000);
    assert_int_equal(mean.at_ms, 4000);
    /* The first of the two ended before the window. */
    assert_true(metrics_average(&metrics, 4000, 3000, &mean));
    assert_int_equal(mean.cpu_percent_millis, 0);
    assert_false(metrics_average(&metrics, 60000, 3000, &mean));
}

static void a_new_container_begins_a_new_row(void **state)
{
    struct metrics metrics = { 0 };
    struct metrics_sample mean;

    (void)state;
    add(&metrics, 1000, 900, 10);
    add(&metrics, 2000, 1000, 10);
    add(&metrics, 3000, 5, 10);
    assert_int_equal(metrics.count, 1);
    assert_false(metrics_average(&metrics, 3000, 60000, &mean));
}

static void the_ring_keeps_the_last_samples(void **state)
{
    struct metrics metrics = { 0 };
    struct metrics_sample mean;

    (void)state;
    for (int64_t i = 0; i < 1000; i++)
        add(&metrics, i * 1000, (uint64_t)i * 250, 10);
    assert_true(metrics_average(&metrics, 999000, 3600000, &mean));
    assert_int_equal(mean.window_ms, METRICS_KEPT * 1000);
    assert_int_equal(mean.cpu_percent_millis, 50000);
}

static void room_leaves_a_tenth_of_the_memory_free(void **state)
{
    const struct service_limits limits = { .memory_bytes = 64 << 20 };
    const struct service_limits none = { 0 };
    struct metrics_host full = host;

    (void)state;
    assert_int_equal(metrics_host_room(&host, &limits, 3), 3 + 6);
    assert_true(metrics_host_room(&host, &none, 3) == INT64_MAX);
    full.available_bytes = 99 << 20;
    assert_int_equal(metrics_host_room(&full, &limits, 3), 3);
}

static void the_machine_can_be_read(void **state)
{
    struct metrics_host here = { 0 };
    struct error err = { 0 };

    (void)state;
    assert_int_equal(metrics_read_host(&here, &err), 0);
    assert_true(here.memory_bytes > here.available_bytes);
    assert_true(here.available_bytes > 0);
    assert_true(here.cpu_millis >= 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_base_is_limit_then_reservation_then_a_core),
        cmocka_unit_test(two_samples_give_a_share),
        cmocka_unit_test(the_mean_is_weighted_by_time),
        cmocka_unit_test(a_new_container_begins_a_new_row),
        cmocka_unit_test(the_ring_keeps_the_last_samples),
        cmocka_unit_test(room_leaves_a_tenth_of_the_memory_free),
        cmocka_unit_test(the_machine_can_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
