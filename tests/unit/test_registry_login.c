/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/registry_login.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

/* "u:p:q" and "u" */
#define AUTH "dTpwOnE="
#define NO_PAIR "dQ=="

static int parse(const char *json, const char *host, char **helper, struct registry_login *login,
                 struct error *err)
{
    AUTO_TEXT struct text text = { 0 };

    text_add(&text, json);
    return registry_login_parse(&text, host, helper, login, err);
}

static void the_login_of_a_host_is_found(void **state)
{
    static const struct {
        const char *json, *host, *user, *password, *token, *helper;
    } cases[] = {
        { "{}", "h", NULL, NULL, NULL, NULL },
        { "{\"auths\":{\"h\":{\"auth\":\"" AUTH "\"}}}", "h", "u", "p:q", NULL, NULL },
        { "{\"auths\":{\"h:1\":{\"auth\":\"" AUTH "\"}}}", "h", NULL, NULL, NULL, NULL },
        { "{\"auths\":{\"h.evil\":{\"auth\":\"" AUTH "\"}}}", "h", NULL, NULL, NULL, NULL },
        { "{\"auths\":{\"https://h:1/v1/\":{\"auth\":\"" AUTH "\"}}}", "h:1", "u", "p:q", NULL,
          NULL },
        { "{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"" AUTH "\"}}}", "docker.io", "u",
          "p:q", NULL, NULL },
        { "{\"auths\":{\"h\":{\"username\":\"a\",\"password\":\"b\"}}}", "h", "a", "b", NULL,
          NULL },
        { "{\"auths\":{\"h\":{\"identitytoken\":\"t\"}}}", "h", NULL, NULL, "t", NULL },
        { "{\"auths\":{\"h\":{}},\"credsStore\":\"pass\"}", "h", NULL, NULL, NULL, "pass" },
        { "{\"credsStore\":\"pass\",\"credHelpers\":{\"h\":\"ecr\"}}", "h", NULL, NULL, NULL,
          "ecr" },
        { "{\"credsStore\":\"pass\",\"credHelpers\":{\"h\":\"ecr\"}}", "i", NULL, NULL, NULL,
          "pass" },
        { "{\"auths\":[1,2],\"credHelpers\":3}", "h", NULL, NULL, NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_REGISTRY_LOGIN struct registry_login login = { 0 };
        AUTO_FREE char *helper = NULL;
        struct error err = { 0 };

        assert_int_equal(parse(cases[i].json, cases[i].host, &helper, &login, &err), 0);
        assert_true(text_equal(login.user, cases[i].user));
        assert_true(text_equal(login.password, cases[i].password));
        assert_true(text_equal(login.identity_token, cases[i].token));
        assert_true(text_equal(helper, cases[i].helper));
    }
}

static void broken_logins_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "[",
        "{\"auths\":{\"h\":{\"auth\":\"***\"}}}",
        "{\"auths\":{\"h\":{\"auth\":\"" NO_PAIR "\"}}}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_REGISTRY_LOGIN struct registry_login login = { 0 };
        AUTO_FREE char *helper = NULL;
        struct error err = { 0 };

        assert_int_equal(parse(cases[i], "h", &helper, &login, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        assert_null(login.user);
    }
}

static void a_login_is_kept_beside_what_others_wrote(void **state)
{
    char folder[] = "/tmp/carte-login.XXXXXX";
    AUTO_FREE char *path = NULL;
    AUTO_FREE char *where = NULL;
    AUTO_TEXT struct text text = { 0 };
    AUTO_REGISTRY_LOGIN struct registry_login found = { 0 };
    AUTO_REGISTRY_LOGIN struct registry_login login = { .user = alloc_text("me"),
                                                        .password = alloc_text("a:b\"c") };
    static const char before[] =
        "{\"HttpHeaders\":{\"X\":\"1\"},\"auths\":{\"other\":{\"auth\":\"" AUTH "\"},"
        "\"https://h/v1/\":{\"auth\":\"" AUTH "\"}}}";
    struct error err = { 0 };
    struct stat status;
    bool was_there = false;

    (void)state;
    assert_non_null(mkdtemp(folder));
    setenv("DOCKER_CONFIG", folder, 1);
    path = alloc_format("%s/config.json", folder);
    assert_int_equal(
        file_replace(AT_FDCWD, path, before, strlen(before), FILE_VOLATILE(0644), &err), 0);
    assert_int_equal(registry_login_save("h", &login, &where, &err), 0);
    assert_string_equal(where, path);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(registry_login_find("h", &found, &err), 0);
    assert_string_equal(found.user, "me");
    assert_string_equal(found.password, "a:b\"c");
    assert_int_equal(registry_login_remove("h", &was_there, &err), 0);
    assert_true(was_there);
    assert_int_equal(registry_login_remove("h", &was_there, &err), 0);
    assert_false(was_there);
    assert_int_equal(file_read(AT_FDCWD, path, 4096, &text, &err), 0);
    assert_non_null(strstr(text_get(&text), "HttpHeaders"));
    assert_non_null(strstr(text_get(&text), "other"));
    assert_null(strstr(text_get(&text), "https://h/"));
    unsetenv("DOCKER_CONFIG");
    assert_int_equal(file_remove_tree(AT_FDCWD, folder, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_login_of_a_host_is_found),
        cmocka_unit_test(broken_logins_are_refused),
        cmocka_unit_test(a_login_is_kept_beside_what_others_wrote),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
