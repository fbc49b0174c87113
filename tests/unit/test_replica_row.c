/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "cli/replica_row.h"
#include "util/error.h"

#define NOW INT64_C(1000000)

static struct json *parse(const char *text)
{
    struct error err = { 0 };
    struct json *json = json_parse(text, strlen(text), &err);

    assert_non_null(json);
    return json;
}

static void ages_are_in_the_largest_unit(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        { 0, "less than a second" }, { 999, "less than a second" }, { 1000, "1 second" },
        { 59999, "59 seconds" },     { 60000, "1 minute" },         { 7200000, "2 hours" },
        { 172800000, "2 days" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_TEXT struct text out = { 0 };

        replica_row_age(cases[i].ms, &out);
        assert_string_equal(text_get(&out), cases[i].text);
    }
}

static void a_status_says_how_it_stands(void **state)
{
    static const struct {
        const char *replica, *status;
    } cases[] = {
        { "{\"state\":\"running\",\"started_ms\":998000,\"health\":\"healthy\"}",
          "Up 2 seconds (healthy)" },
        { "{\"state\":\"running\",\"started_ms\":998000,\"health\":\"\"}", "Up 2 seconds" },
        { "{\"state\":\"pending\",\"waiting\":\"db to be healthy\"}", "Waiting: db to be healthy" },
        { "{\"state\":\"completed\",\"started_ms\":1,\"ended_ms\":940000,\"exit_code\":0}",
          "Exited (0) 1 minute ago" },
        { "{\"state\":\"failed\",\"exit_reason\":\"no such program\"}", "Failed: no such program" },
        { "{\"state\":\"stopping\"}", "Stopping" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(json) struct json *replica = parse(cases[i].replica);
        AUTO_TEXT struct text out = { 0 };

        replica_row_status(replica, NOW, &out);
        assert_string_equal(text_get(&out), cases[i].status);
    }
}

static void json_has_the_members_that_scripts_read(void **state)
{
    static const char *const members[] = { "ID",        "Name",      "Project", "Service",
                                           "Replica",   "Image",     "Command", "State",
                                           "Health",    "ExitCode",  "Pid",     "Restarts",
                                           "Addresses", "Publishers" };
    AUTO(json)
    struct json *replica =
        parse("{\"name\":\"p-a-1\",\"service\":\"a\",\"index\":1,\"state\":\"running\","
              "\"command\":[\"sh\",\"-c\",\"x\"],\"addresses\":{\"front\":\"10.88.0.2\"},"
              "\"ports\":[{\"host_ip\":\"\",\"published\":8000,\"target\":80,"
              "\"protocol\":\"tcp\"}]}");
    AUTO(json) struct json *row = replica_row_json("p", replica, NOW);
    const struct json *publisher = json_first(json_find(row, "Publishers"));

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        assert_non_null(json_find(row, members[i]));
    assert_string_equal(json_find_text(row, "Command", ""), "sh -c x");
    assert_int_equal(json_find_int(publisher, "PublishedPort", 0), 8000);
    assert_string_equal(json_find_text(json_find(row, "Addresses"), "front", ""), "10.88.0.2");
}

static void what_has_ended_is_not_alive(void **state)
{
    AUTO(json) struct json *running = parse("{\"state\":\"running\"}");
    AUTO(json) struct json *completed = parse("{\"state\":\"completed\"}");

    (void)state;
    assert_true(replica_row_is_alive(running));
    assert_false(replica_row_is_alive(completed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ages_are_in_the_largest_unit),
        cmocka_unit_test(a_status_says_how_it_stands),
        cmocka_unit_test(json_has_the_members_that_scripts_read),
        cmocka_unit_test(what_has_ended_is_not_alive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
