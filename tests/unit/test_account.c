/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include "runtime/account.h"
#include "util/error.h"
#include "util/strings.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                             "broken line\n"
                             "web:x:33:34:Web:/srv/web:/bin/false\n"
                             "big:x:4294967296:1::/:/bin/sh\n"
                             "1000:x:7:8:a name of digits:/seven:/bin/sh\n";
static const char group[] = "root:x:0:\n"
                            "web:x:34:\n"
                            "log:x:44:root,web\n"
                            "log:x:45:web\n"
                            "notweb:x:46:webb,we\n";

static struct account account;

static int resolve(const char *user, struct error *err)
{
    return account_resolve(passwd, group, user, NULL, &account, err);
}

static void names_bring_their_groups(void **state)
{
    struct error err = { 0 };

    (void)state;
    assert_int_equal(resolve("web", &err), 0);
    assert_int_equal(account.uid, 33);
    assert_int_equal(account.gid, 34);
    assert_int_equal(account.group_count, 3);
    assert_int_equal(account.groups[0], 34);
    assert_int_equal(account.groups[1], 44);
    assert_int_equal(account.groups[2], 45);
    assert_string_equal(account.home, "/srv/web");
}

static void given_group_stands_alone(void **state)
{
    struct error err = { 0 };

    (void)state;
    assert_int_equal(resolve("web:log", &err), 0);
    assert_int_equal(account.gid, 44);
    assert_int_equal(account.group_count, 1);
    assert_int_equal(resolve("5:6", &err), 0);
    assert_int_equal(account.uid, 5);
    assert_int_equal(account.gid, 6);
    assert_string_equal(account.home, "/");
}

static void number_means_the_number(void **state)
{
    struct error err = { 0 };

    (void)state;
    assert_int_equal(resolve("33", &err), 0);
    assert_int_equal(account.gid, 34);
    assert_int_equal(resolve("1000", &err), 0);
    assert_int_equal(account.uid, 1000);
    assert_int_equal(account.gid, 0);
    assert_int_equal(resolve(NULL, &err), 0);
    assert_int_equal(account.uid, 0);
    assert_string_equal(account.home, "/root");
}

static void what_is_no_user_is_refused(void **state)
{
    static const char *const cases[] = {
        "nobody",      "4294967296",     "4294967295",           "-1", "0x0", "big",
        "web:nogroup", "web:4294967295", "99999999999999999999",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error err = { 0 };

        assert_int_equal(resolve(cases[i], &err), -1);
        assert_int_equal(err.code, ERROR_NOT_FOUND);
    }
}

static void more_groups_are_added_once(void **state)
{
    struct error err = { 0 };
    struct strings more = { 0 };

    (void)state;
    strings_add(&more, "log");
    strings_add(&more, "34");
    strings_add(&more, "99");
    assert_int_equal(account_resolve(passwd, group, "web:web", &more, &account, &err), 0);
    assert_int_equal(account.group_count, 3);
    assert_int_equal(account.groups[2], 99);
    strings_done(&more);
}

static void hostile_files_do_no_harm(void **state)
{
    static const char *const files[] = {
        "", "\n", ":", "::::::", "a:b:c", "x:x:1", "web:x:1:2:3:4", "web:x:1:2:3:4:", ":::::::\n:::"
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        struct error err = { 0 };
        int result = account_resolve(files[i], files[i], "web", NULL, &account, &err);

        assert_true(result == 0 || err.code == ERROR_NOT_FOUND);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_bring_their_groups),   cmocka_unit_test(given_group_stands_alone),
        cmocka_unit_test(number_means_the_number),    cmocka_unit_test(what_is_no_user_is_refused),
        cmocka_unit_test(more_groups_are_added_once), cmocka_unit_test(hostile_files_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
