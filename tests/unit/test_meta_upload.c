/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "asset/fold.h"
#include "asset/upload.h"
#include "util/cleanup.h"
#include "util/error.h"

#define REST "\"thumbnail\":\"aGk=\",\"thumbnailext\":\"png\",\"file\":\"aGVsbG8=\""
#define GOOD "{\"name\":\"Tree\",\"categoryid\":3," REST

static int read_text(const char *text, struct upload *upload, struct error *err)
{
    AUTO(json) struct json *json = json_parse(text, strlen(text), err);

    assert_non_null(json);
    return upload_read(json, upload, err);
}

static void a_whole_upload_is_read(void **state)
{
    const char *text = GOOD ",\"price\":5,\"isdisable\":true}";
    struct error err = { 0 };
    AUTO(json) struct json *json = json_parse(text, strlen(text), &err);
    struct upload upload = { 0 };

    (void)state;
    assert_int_equal(upload_read(json, &upload, &err), 0);
    assert_string_equal(upload.name, "Tree");
    assert_int_equal(upload.category, 3);
    assert_int_equal(upload.price, 5);
    assert_true(upload.is_disabled);
    assert_int_equal(upload.file.length, 5);
    assert_memory_equal(upload.file.data, "hello", 5);
    upload_done(&upload);
}

static void price_and_isdisable_may_be_missing(void **state)
{
    struct upload upload = { 0 };
    struct error err = { 0 };

    (void)state;
    assert_int_equal(read_text(GOOD "}", &upload, &err), 0);
    assert_int_equal(upload.price, 0);
    assert_false(upload.is_disabled);
    upload_done(&upload);
}

static void the_wrong_field_is_named(void **state)
{
    static const struct {
        const char *text;
        const char *field;
    } cases[] = {
        { "{}", "name" },
        { "{\"name\":\"\",\"categoryid\":3," REST "}", "name" },
        { "{\"name\":\"a\\nb\",\"categoryid\":3," REST "}", "name" },
        { "{\"name\":\"a\"," REST "}", "categoryid" },
        { "{\"name\":\"a\",\"categoryid\":\"3\"," REST "}", "categoryid" },
        { "{\"name\":\"a\",\"categoryid\":3.5," REST "}", "categoryid" },
        { "{\"name\":\"a\",\"categoryid\":1e300," REST "}", "categoryid" },
        { "{\"name\":\"a\",\"categoryid\":3}", "thumbnail" },
        { "{\"name\":\"a\",\"categoryid\":3,\"thumbnail\":\"?\"}", "thumbnail" },
        { "{\"name\":\"a\",\"categoryid\":3,\"thumbnail\":\"aGk=\"}", "thumbnailext" },
        { "{\"name\":\"a\",\"categoryid\":3,\"thumbnail\":\"aGk=\",\"thumbnailext\":\"../x\"}",
          "thumbnailext" },
        { "{\"name\":\"a\",\"categoryid\":3,\"thumbnail\":\"aGk=\",\"thumbnailext\":\"png\"}",
          "file" },
        { GOOD ",\"price\":\"5\"}", "price" },
        { GOOD ",\"isdisable\":\"no\"}", "isdisable" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct upload upload = { 0 };
        struct error err = { 0 };

        assert_int_equal(read_text(cases[i].text, &upload, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        assert_memory_equal(err.text, cases[i].field, strlen(cases[i].field));
    }
}

static void an_id_has_24_hexadecimal_digits(void **state)
{
    char id[25];

    (void)state;
    assert_true(upload_read_id("0123456789abcdefABCDEF01", id));
    assert_string_equal(id, "0123456789abcdefabcdef01");
    assert_false(upload_read_id("0123456789abcdefABCDEF0", id));
    assert_false(upload_read_id("0123456789abcdefABCDEF012", id));
    assert_false(upload_read_id("0123456789abcdefABCDEFxy", id));
    assert_false(upload_read_id("", id));
}

static void capitals_are_folded(void **state)
{
    static const struct {
        const char *text;
        const char *folded;
    } cases[] = {
        { "TREE house 7", "tree house 7" },
        { "\xc3\x84\xc3\x96\xc3\x9c\xc3\x9f", "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f" },
        { "\xce\x91\xce\xa9", "\xce\xb1\xcf\x89" },
        { "\xd0\x94\xd0\x81\xd0\xaf", "\xd0\xb4\xd1\x91\xd1\x8f" },
        { "\xc5\x81\xc4\x80", "\xc5\x82\xc4\x81" },
        { "\xeb\x82\x98\xeb\xac\xb4", "\xeb\x82\x98\xeb\xac\xb4" },
        { "\xc3\x97", "\xc3\x97" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_FREE char *folded = fold_text(cases[i].text);

        assert_string_equal(folded, cases[i].folded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_upload_is_read),
        cmocka_unit_test(price_and_isdisable_may_be_missing),
        cmocka_unit_test(the_wrong_field_is_named),
        cmocka_unit_test(an_id_has_24_hexadecimal_digits),
        cmocka_unit_test(capitals_are_folded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
