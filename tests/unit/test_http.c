/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include "util/clock.h"
#include "util/error.h"
#include "util/http.h"
#include "util/http_retry.h"

static void secrets_of_a_url_are_not_shown(void **state)
{
    static const char *const cases[][2] = {
        { "https://h.example/v2/a", "https://h.example/v2/a" },
        { "https://u:p@h.example:5000/v2/a?token=s#f", "https://h.example:5000/v2/a" },
        { "https://h.example/a@b?c@d", "https://h.example/a@b" },
        { "https://h.example?a=b", "https://h.example" },
        { "u:p@h", "h" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_FREE char *shown = http_show_url(cases[i][0]);

        assert_string_equal(shown, cases[i][1]);
    }
}

static void a_location_is_seen_from_where_it_was_found(void **state)
{
    static const char base[] = "https://h.example:5000/v2/a/blobs/uploads/?x=1";
    static const char *const cases[][2] = {
        { "/v2/b", "https://h.example:5000/v2/b" },
        { "https://other.example/c?d=e", "https://other.example/c?d=e" },
        { "f", "https://h.example:5000/v2/a/blobs/uploads/f" },
        { "?y=2", "https://h.example:5000/v2/a/blobs/uploads/?y=2" },
        { "//other.example/g", "https://other.example/g" },
    };
    static const char *const refused[] = { "file:///etc/passwd", "ftp://h/x", "http://[",
                                           "dict://h" };
    struct error err = { 0 };
    AUTO(http) struct http *http = http_new(&(struct http_settings){ 0 }, &err);

    (void)state;
    assert_non_null(http);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_FREE char *url = NULL;

        assert_int_equal(http_resolve_url(http, base, cases[i][0], &url, &err), 0);
        assert_string_equal(url, cases[i][1]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        AUTO_FREE char *url = NULL;

        assert_int_equal(http_resolve_url(http, base, refused[i], &url, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        error_clear(&err);
    }
}

static void only_http_is_spoken(void **state)
{
    struct error err = { 0 };
    AUTO(http) struct http *http = http_new(&(struct http_settings){ 0 }, &err);
    AUTO_HTTP_ANSWER struct http_answer answer = { 0 };
    struct http_request request = { .method = "GET", .url = "file:///etc/hostname" };

    (void)state;
    assert_int_equal(http_perform(http, &request, &answer, &err), -1);
    assert_int_equal(err.code, ERROR_INVALID);
    assert_false(answer.transient);
}

static void waits_double_unless_the_server_says_how_long(void **state)
{
    (void)state;
    assert_int_equal(http_retry_decide_ms(1, NULL), 500);
    assert_int_equal(http_retry_decide_ms(2, NULL), 1000);
    assert_int_equal(http_retry_decide_ms(4, NULL), 4000);
    assert_int_equal(http_retry_decide_ms(HTTP_RETRY_TRIES, NULL), -1);
    assert_int_equal(http_retry_decide_ms(1, "7"), 7 * SECOND_MS);
    assert_int_equal(http_retry_decide_ms(1, "0"), 0);
    assert_int_equal(http_retry_decide_ms(1, "86400"), MINUTE_MS);
    assert_int_equal(http_retry_decide_ms(1, "99999999999999999999"), 500);
    assert_int_equal(http_retry_decide_ms(1, "Wed, 21 Oct 2015 07:28:00 GMT"), 500);
    assert_int_equal(http_retry_decide_ms(HTTP_RETRY_TRIES, "1"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_of_a_url_are_not_shown),
        cmocka_unit_test(a_location_is_seen_from_where_it_was_found),
        cmocka_unit_test(only_http_is_spoken),
        cmocka_unit_test(waits_double_unless_the_server_says_how_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
