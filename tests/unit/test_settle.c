/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "cli/settle.h"
#include "util/error.h"

static struct json *parse(const char *text)
{
    struct error err = { 0 };
    struct json *json = json_parse(text, strlen(text), &err);

    assert_non_null(json);
    return json;
}

static void each_state_has_its_step(void **state)
{
    static const struct {
        enum settle_goal goal;
        const char *replica;
        enum progress_state state;
        const char *status;
    } cases[] = {
        { SETTLE_STARTED, "{\"state\":\"pending\"}", PROGRESS_WORKING, "Starting" },
        { SETTLE_STARTED, "{\"state\":\"pending\",\"waiting\":\"db\"}", PROGRESS_WORKING,
          "Waiting: db" },
        { SETTLE_STARTED, "{\"state\":\"pending\",\"waiting\":\"db\",\"blocked\":true}",
          PROGRESS_FAILED, "Waiting: db" },
        { SETTLE_STARTED, "{\"state\":\"running\",\"health\":\"unhealthy\"}", PROGRESS_DONE,
          "Started" },
        { SETTLE_HEALTHY, "{\"state\":\"running\",\"health\":\"unhealthy\"}", PROGRESS_FAILED,
          "Unhealthy" },
        { SETTLE_STARTED, "{\"state\":\"running\",\"health\":\"starting\"}", PROGRESS_DONE,
          "Started" },
        { SETTLE_HEALTHY, "{\"state\":\"running\",\"health\":\"starting\"}", PROGRESS_WORKING,
          "Waiting: starting" },
        { SETTLE_HEALTHY, "{\"state\":\"running\",\"health\":\"healthy\"}", PROGRESS_DONE,
          "Healthy" },
        { SETTLE_HEALTHY, "{\"state\":\"running\"}", PROGRESS_DONE, "Started" },
        { SETTLE_HEALTHY, "{\"state\":\"completed\"}", PROGRESS_DONE, "Exited" },
        { SETTLE_HEALTHY, "{\"state\":\"stopping\",\"step\":\"failing\"}", PROGRESS_FAILED,
          "Unhealthy" },
        { SETTLE_HEALTHY, "{\"state\":\"pending\",\"exit_kind\":\"unhealthy\",\"ended_ms\":1500}",
          PROGRESS_FAILED, "Unhealthy" },
        { SETTLE_HEALTHY, "{\"state\":\"pending\",\"exit_kind\":\"unhealthy\",\"ended_ms\":500}",
          PROGRESS_WORKING, "Starting" },
        { SETTLE_STARTED, "{\"state\":\"failed\",\"exit_reason\":\"no program\"}", PROGRESS_FAILED,
          "Failed: no program" },
        { SETTLE_STOPPED, "{\"state\":\"running\"}", PROGRESS_WORKING, "Stopping" },
        { SETTLE_STOPPED, "{\"state\":\"stopped\"}", PROGRESS_DONE, "Stopped" },
        { SETTLE_STOPPED, "{\"state\":\"failed\"}", PROGRESS_DONE, "Exited" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(json) struct json *replica = parse(cases[i].replica);
        struct settle_request request = { .goal = cases[i].goal, .begin_ms = 1000 };
        struct settle_step step;

        settle_replica(&request, replica, &step);
        assert_string_equal(step.status, cases[i].status);
        assert_int_equal(step.state, cases[i].state);
    }
}

static void a_replica_that_started_and_fell_counts_as_started(void **state)
{
    AUTO(json) struct json *replica = parse("{\"state\":\"pending\",\"started_ms\":1500}");
    struct settle_request request = { .goal = SETTLE_STARTED, .begin_ms = 1000 };
    struct settle_step step;

    (void)state;
    settle_replica(&request, replica, &step);
    assert_int_equal(step.state, PROGRESS_DONE);
    request.goal = SETTLE_HEALTHY;
    settle_replica(&request, replica, &step);
    assert_int_equal(step.state, PROGRESS_WORKING);
    request = (struct settle_request){ .goal = SETTLE_STARTED, .begin_ms = 2000 };
    settle_replica(&request, replica, &step);
    assert_int_equal(step.state, PROGRESS_WORKING);
}

static void what_keeps_failing_is_not_waited_for(void **state)
{
    AUTO(json)
    struct json *before =
        parse("{\"replicas\":[{\"name\":\"p-a-1\",\"id\":\"x\",\"restarts\":7}]}");
    AUTO(json)
    struct json *some =
        parse("{\"services\":[{\"name\":\"a\",\"desired\":1}],\"replicas\":[{\"name\":\"p-a-1\","
              "\"id\":\"x\",\"service\":\"a\",\"restarts\":9,\"state\":\"pending\"}]}");
    AUTO(json)
    struct json *many =
        parse("{\"services\":[{\"name\":\"a\",\"desired\":1}],\"replicas\":[{\"name\":\"p-a-1\","
              "\"id\":\"x\",\"service\":\"a\",\"restarts\":12,\"state\":\"pending\"}]}");
    struct settle_request request = { .goal = SETTLE_HEALTHY, .before = before };
    const struct json *failed = NULL;

    (void)state;
    assert_int_equal(settle_decide(&request, some, &failed), SETTLE_WORKING);
    assert_int_equal(settle_decide(&request, many, &failed), SETTLE_FAILED);
    assert_non_null(failed);
}

static void replicas_that_do_not_exist_yet_are_waited_for(void **state)
{
    AUTO(json)
    struct json *one =
        parse("{\"services\":[{\"name\":\"a\",\"desired\":2}],\"replicas\":[{\"name\":\"p-a-1\","
              "\"service\":\"a\",\"state\":\"running\"}]}");
    AUTO(json)
    struct json *both = parse("{\"services\":[{\"name\":\"a\",\"desired\":2}],\"replicas\":["
                              "{\"name\":\"p-a-1\",\"service\":\"a\",\"state\":\"running\"},"
                              "{\"name\":\"p-a-2\",\"service\":\"a\",\"state\":\"running\"}]}");
    struct settle_request request = { .goal = SETTLE_STARTED };
    const struct json *failed = NULL;

    (void)state;
    assert_int_equal(settle_decide(&request, one, &failed), SETTLE_WORKING);
    assert_int_equal(settle_decide(&request, both, &failed), SETTLE_DONE);
}

static void what_failed_is_named_before_what_waits_for_it(void **state)
{
    AUTO(json)
    struct json *stack =
        parse("{\"replicas\":[{\"name\":\"web\",\"state\":\"pending\",\"blocked\":true},"
              "{\"name\":\"db\",\"state\":\"failed\"}]}");
    struct settle_request request = { .goal = SETTLE_HEALTHY };
    const struct json *failed = NULL;

    (void)state;
    assert_int_equal(settle_decide(&request, stack, &failed), SETTLE_FAILED);
    assert_string_equal(json_find_text(failed, "name", ""), "db");
}

static void other_services_do_not_matter(void **state)
{
    AUTO(json)
    struct json *stack =
        parse("{\"services\":[{\"name\":\"a\",\"desired\":1},{\"name\":\"b\",\"desired\":1}],"
              "\"replicas\":[{\"name\":\"p-a-1\",\"service\":\"a\",\"state\":\"running\"},"
              "{\"name\":\"p-b-1\",\"service\":\"b\",\"state\":\"failed\"}]}");
    AUTO_STRINGS struct strings only = { 0 };
    struct settle_request request = { .goal = SETTLE_STARTED, .services = &only };
    const struct json *failed = NULL;

    (void)state;
    assert_int_equal(settle_decide(&request, stack, &failed), SETTLE_FAILED);
    strings_add(&only, "a");
    assert_int_equal(settle_decide(&request, stack, &failed), SETTLE_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_has_its_step),
        cmocka_unit_test(a_replica_that_started_and_fell_counts_as_started),
        cmocka_unit_test(what_keeps_failing_is_not_waited_for),
        cmocka_unit_test(replicas_that_do_not_exist_yet_are_waited_for),
        cmocka_unit_test(what_failed_is_named_before_what_waits_for_it),
        cmocka_unit_test(other_services_do_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
