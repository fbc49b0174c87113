/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include "supervise/health.h"

static const struct service_healthcheck check = {
    .probe = SERVICE_PROBE_CMD,
    .interval_ms = 30000,
    .timeout_ms = 2000,
    .retries = 3,
    .start_interval_ms = 5000,
};

struct fixture {
    struct health health;
    int64_t now_ms;
};

/* Wait for the next probe and let it end after `took_ms`. Returns when it began. */
static int64_t probe(struct fixture *f, const struct service_healthcheck *with, bool ok,
                     int64_t took_ms)
{
    int64_t at_ms = 0;
    int64_t began_ms = 0;

    if (health_decide(&f->health, with, f->now_ms, &at_ms) == HEALTH_WAIT)
        f->now_ms = at_ms;
    assert_int_equal(health_decide(&f->health, with, f->now_ms, &at_ms), HEALTH_PROBE);
    health_probe_began(&f->health, f->now_ms);
    began_ms = f->now_ms;
    f->now_ms += took_ms;
    health_probe_ended(&f->health, with, ok, f->now_ms);
    return began_ms;
}

static void a_first_success_makes_healthy_at_once(void **state)
{
    struct fixture f = { 0 };

    (void)state;
    health_begin(&f.health, &check, 0);
    assert_int_equal(f.health.status, HEALTH_STARTING);
    assert_int_equal(probe(&f, &check, true, 5), 0);
    assert_int_equal(f.health.status, HEALTH_HEALTHY);
    assert_int_equal(probe(&f, &check, true, 5), 30005);
}

static void early_probes_grow_apart(void **state)
{
    static const int64_t began[] = { 0, 100, 250, 475, 812, 1317 };
    struct fixture f = { 0 };

    (void)state;
    health_begin(&f.health, &check, 0);
    for (size_t i = 0; i < ARRAY_SIZE(began); i++)
        assert_int_equal(probe(&f, &check, false, 0), began[i]);
    for (int i = 0; i < 20; i++) {
        int64_t before = f.now_ms;

        assert_true(probe(&f, &check, false, 0) - before <= check.start_interval_ms);
        if (f.now_ms > 25000)
            break;
    }
    assert_int_equal(f.health.status, HEALTH_STARTING);
    assert_int_equal(f.health.failures, 0);
}

static void it_is_unhealthy_not_sooner_than_by_compose(void **state)
{
    struct fixture f = { 0 };

    (void)state;
    health_begin(&f.health, &check, 0);
    while (f.health.status == HEALTH_STARTING)
        probe(&f, &check, false, 0);
    assert_in_range(f.now_ms, 90000, 90000 + 3 * check.start_interval_ms);
}

static void failures_in_the_start_period_do_not_count(void **state)
{
    struct service_healthcheck slow = check;
    struct fixture f = { 0 };

    (void)state;
    slow.start_period_ms = 120000;
    health_begin(&f.health, &slow, 0);
    while (f.now_ms < 115000)
        probe(&f, &slow, false, 0);
    assert_int_equal(f.health.failures, 0);
    assert_int_equal(f.health.status, HEALTH_STARTING);
}

static void after_a_success_the_start_period_is_over(void **state)
{
    struct service_healthcheck slow = check;
    struct fixture f = { 0 };

    (void)state;
    slow.start_period_ms = 1000000;
    health_begin(&f.health, &slow, 0);
    probe(&f, &slow, true, 0);
    for (int i = 0; i < 2; i++)
        probe(&f, &slow, false, 0);
    assert_int_equal(f.health.status, HEALTH_HEALTHY);
    probe(&f, &slow, false, 0);
    assert_int_equal(f.health.status, HEALTH_UNHEALTHY);
    probe(&f, &slow, true, 0);
    assert_int_equal(f.health.status, HEALTH_HEALTHY);
    assert_int_equal(f.health.failures, 0);
}

static void a_probe_that_hangs_is_aborted(void **state)
{
    struct fixture f = { 0 };
    int64_t at_ms = 0;

    (void)state;
    health_begin(&f.health, &check, 100);
    assert_int_equal(health_decide(&f.health, &check, 100, &at_ms), HEALTH_PROBE);
    health_probe_began(&f.health, 150);
    assert_int_equal(health_decide(&f.health, &check, 2149, &at_ms), HEALTH_WAIT);
    assert_int_equal(at_ms, 2150);
    assert_int_equal(health_decide(&f.health, &check, 2150, &at_ms), HEALTH_ABORT);
    assert_false(health_probe_ended(&f.health, &check, false, 2150));
}

static void without_a_check_there_is_nothing_to_do(void **state)
{
    static const struct service_healthcheck none = { .probe = SERVICE_PROBE_NONE };
    struct health health;
    int64_t at_ms = 0;

    (void)state;
    health_begin(&health, &none, 5);
    assert_int_equal(health_decide(&health, &none, 5, &at_ms), HEALTH_WAIT);
    assert_true(at_ms == HEALTH_NEVER);
    assert_string_equal(health_status_name(health.status), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_success_makes_healthy_at_once),
        cmocka_unit_test(early_probes_grow_apart),
        cmocka_unit_test(it_is_unhealthy_not_sooner_than_by_compose),
        cmocka_unit_test(failures_in_the_start_period_do_not_count),
        cmocka_unit_test(after_a_success_the_start_period_is_over),
        cmocka_unit_test(a_probe_that_hangs_is_aborted),
        cmocka_unit_test(without_a_check_there_is_nothing_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
