/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "cli/exec_request.h"
#include "cli/option.h"
#include "util/error.h"

static const char stack_text[] =
    "{\"replicas\":["
    "{\"service\":\"login\",\"index\":1,\"state\":\"pending\",\"pid\":0},"
    "{\"service\":\"login\",\"index\":2,\"state\":\"running\",\"pid\":42,\"start_time\":7,"
    "\"id\":\"carte1-login-2\",\"cgroup_parent\":\"carte1\",\"env\":[\"A=1\",\"B=2\"],"
    "\"cwd\":\"/app\",\"user\":\"\",\"capabilities\":5}]}";

static int setup(void **state)
{
    struct error err = { 0 };

    *state = json_parse(stack_text, strlen(stack_text), &err);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    json_free(*state);
    return 0;
}

static void the_first_that_runs_is_taken(void **state)
{
    const struct json *replica = NULL;
    struct error err = { 0 };

    assert_int_equal(exec_request_find(*state, "login", OPTION_UNSET, &replica, &err), 0);
    assert_int_equal(json_find_int(replica, "index", 0), 2);
    assert_int_equal(exec_request_find(*state, "login", 2, &replica, &err), 0);
}

static void what_does_not_run_is_told(void **state)
{
    const struct json *replica = NULL;
    struct error err = { 0 };

    assert_int_equal(exec_request_find(*state, "login", 1, &replica, &err), -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_non_null(strstr(err.text, "login-1 is pending"));
    error_clear(&err);
    assert_int_equal(exec_request_find(*state, "map", OPTION_UNSET, &replica, &err), -1);
    assert_string_equal(err.text, "no replica of 'map' runs");
}

static void the_process_gets_what_the_container_has(void **state)
{
    AUTO_STRINGS struct strings args = { 0 };
    struct exec_request_options options = { .index = OPTION_UNSET, .user = "1000" };
    const struct json *replica = NULL;
    struct container_exec_spec spec;
    struct error err = { 0 };

    strings_add(&args, "ls");
    strings_add(&args, "-l");
    strings_add(&options.env, "B=3");
    strings_add(&options.env, "C=x=y");
    assert_int_equal(exec_request_find(*state, "login", OPTION_UNSET, &replica, &err), 0);
    exec_request_make(replica, &options, &args, &spec);
    assert_string_equal(spec.id, "carte1-login-2");
    assert_int_equal(spec.pid, 42);
    assert_int_equal(spec.start_time, 7);
    assert_string_equal(spec.program.cwd, "/app");
    assert_string_equal(spec.program.user, "1000");
    assert_int_equal(spec.program.capabilities, 5);
    assert_false(spec.program.privileged);
    assert_int_equal(spec.program.args.count, 2);
    assert_string_equal(strings_find_env(&spec.program.env, "A"), "1");
    assert_string_equal(strings_find_env(&spec.program.env, "B"), "3");
    assert_string_equal(strings_find_env(&spec.program.env, "C"), "x=y");
    exec_request_done(&spec);
    strings_done(&options.env);
}

static void an_empty_user_is_none(void **state)
{
    struct exec_request_options options = { .index = OPTION_UNSET };
    struct strings args = { 0 };
    const struct json *replica = NULL;
    struct container_exec_spec spec;
    struct error err = { 0 };

    assert_int_equal(exec_request_find(*state, "login", OPTION_UNSET, &replica, &err), 0);
    exec_request_make(replica, &options, &args, &spec);
    assert_null(spec.program.user);
    exec_request_done(&spec);
}

static void the_status_tells_why_it_did_not_start(void **state)
{
    static const struct {
        struct error err;
        int status;
    } cases[] = {
        { { ERROR_DENIED, "execute '/x': Permission denied" }, 126 },
        { { ERROR_NOT_FOUND, "'nosuch' is not in PATH" }, 127 },
        { { ERROR_NOT_FOUND, "container 'x' does not run any more" }, 1 },
        { { ERROR_SYSTEM, "clone: Resource temporarily unavailable" }, 1 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(exec_request_status(&cases[i].err), cases[i].status);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_that_runs_is_taken),
        TEST(what_does_not_run_is_told),
        TEST(the_process_gets_what_the_container_has),
        TEST(an_empty_user_is_none),
        TEST(the_status_tells_why_it_did_not_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
