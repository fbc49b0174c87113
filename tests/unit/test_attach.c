/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "cli/attach.h"
#include "util/error.h"
#include "util/json.h"
#include "util/strings.h"

static struct json *parse(const char *text)
{
    struct error err = { 0 };
    struct json *json = json_parse(text, strlen(text), &err);

    assert_non_null(json);
    return json;
}

static void what_ends_between_two_looks_is_told_once(void **state)
{
    AUTO(json)
    struct json *before =
        parse("{\"replicas\":[{\"id\":\"a\",\"service\":\"web\",\"index\":1,\"state\":\"running\"},"
              "{\"id\":\"b\",\"service\":\"job\",\"index\":1,\"state\":\"running\"},"
              "{\"id\":\"c\",\"service\":\"old\",\"index\":1,\"state\":\"failed\"}]}");
    AUTO(json)
    struct json *after = parse(
        "{\"replicas\":[{\"id\":\"a\",\"service\":\"web\",\"index\":1,\"state\":\"running\","
        "\"restarts\":1,\"exit_code\":137},"
        "{\"id\":\"b\",\"service\":\"job\",\"index\":1,\"state\":\"completed\",\"exit_code\":0},"
        "{\"id\":\"c\",\"service\":\"old\",\"index\":1,\"state\":\"failed\"},"
        "{\"id\":\"d\",\"service\":\"new\",\"index\":1,\"state\":\"running\"}]}");
    AUTO_STRINGS struct strings exits = { 0 };
    AUTO_STRINGS struct strings none = { 0 };

    (void)state;
    attach_find_exits(before, after, &exits);
    assert_int_equal(exits.count, 2);
    assert_string_equal(exits.items[0], "web-1 exited with code 137 (restarting)");
    assert_string_equal(exits.items[1], "job-1 exited with code 0");
    attach_find_exits(after, after, &none);
    assert_int_equal(none.count, 0);
}

static void the_first_look_tells_nothing(void **state)
{
    AUTO(json)
    struct json *after = parse(
        "{\"replicas\":[{\"id\":\"a\",\"service\":\"web\",\"index\":1,\"state\":\"failed\"}]}");
    AUTO_STRINGS struct strings exits = { 0 };

    (void)state;
    attach_find_exits(NULL, after, &exits);
    assert_int_equal(exits.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_ends_between_two_looks_is_told_once),
        cmocka_unit_test(the_first_look_tells_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
