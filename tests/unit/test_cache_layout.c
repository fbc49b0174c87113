/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "build/cache_layout.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"

/* A manifest with one step; each part may be replaced. */
static char *make(const char *type, const char *layer, const char *digest, const char *size,
                  const char *key)
{
    return alloc_format("{\"artifactType\":\"%s\",\"layers\":[{\"mediaType\":\"%s\",\"digest\":"
                        "\"sha256:%s\",\"size\":%s,\"annotations\":{\"carte.step.key\":\"%s\","
                        "\"carte.step.diff-id\":\"sha256:" HEX "\"}}]}",
                        type, layer, digest, size, key);
}

static int parse(const char *json, struct cache_layout *out, struct error *err)
{
    struct text text = { 0 };
    int result = 0;

    text_add(&text, json);
    result = cache_layout_parse(&text, out, err);
    text_done(&text);
    return result;
}

static void steps_are_read_and_found_by_their_keys(void **state)
{
    AUTO_FREE char *json = make(CACHE_LAYOUT_TYPE, ZSTD, HEX, "42", HEX);
    struct cache_layout layout = { .fd = -1 };
    struct error err = { 0 };

    (void)state;
    assert_int_equal(parse(json, &layout, &err), 0);
    assert_int_equal(layout.step_count, 1);
    assert_non_null(cache_layout_find(&layout, HEX));
    assert_int_equal(cache_layout_find(&layout, HEX)->layer.size_bytes, 42);
    assert_null(cache_layout_find(&layout, "other"));
    cache_layout_done(&layout);
}

static void what_is_no_cache_is_refused(void **state)
{
    char *cases[] = {
        alloc_text(""),
        alloc_text("[]"),
        alloc_text("{}"),
        alloc_text("{\"artifactType\":\"" CACHE_LAYOUT_TYPE "\"}"),
        alloc_text("{\"artifactType\":\"" CACHE_LAYOUT_TYPE "\",\"layers\":[1]}"),
        make("application/other", ZSTD, HEX, "42", HEX),
        make(CACHE_LAYOUT_TYPE, "text/plain", HEX, "42", HEX),
        make(CACHE_LAYOUT_TYPE, ZSTD, "../../etc/passwd", "42", HEX),
        make(CACHE_LAYOUT_TYPE, ZSTD, HEX, "-1", HEX),
        make(CACHE_LAYOUT_TYPE, ZSTD, HEX, "99999999999999", HEX),
        make(CACHE_LAYOUT_TYPE, ZSTD, HEX, "\"42\"", HEX),
        make(CACHE_LAYOUT_TYPE, ZSTD, HEX, "42", "../" HEX),
        make(CACHE_LAYOUT_TYPE, ZSTD, HEX, "42", ""),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct cache_layout layout = { .fd = -1 };
        struct error err = { 0 };

        assert_int_equal(parse(cases[i], &layout, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        cache_layout_done(&layout);
        free(cases[i]);
    }
}

static void too_many_steps_are_refused(void **state)
{
    AUTO_TEXT struct text text = { 0 };
    struct cache_layout layout = { .fd = -1 };
    struct error err = { 0 };

    (void)state;
    text_add(&text, "{\"artifactType\":\"" CACHE_LAYOUT_TYPE "\",\"layers\":[0");
    for (size_t i = 0; i < CACHE_LAYOUT_STEPS_MAX; i++)
        text_add(&text, ",0");
    text_add(&text, "]}");
    assert_int_equal(cache_layout_parse(&text, &layout, &err), -1);
    assert_non_null(strstr(err.text, "at most"));
    cache_layout_done(&layout);
}

static void options_name_a_folder_or_are_refused(void **state)
{
    static const struct {
        const char *text, *folder; /* NULL: refused */
    } cases[] = {
        { "type=local,src=/a/b", "/a/b" },
        { "src=c,type=local", "c" },
        { "type=local,mode=max,src=d", "d" },
        { "type=local", NULL },
        { "src=/a", NULL },
        { "/a", NULL },
        { "", NULL },
        { "type=local,src=", NULL },
        { "type=local,src=a,src=b", NULL },
        { "type=local,dest=/a", NULL },
        { "type=local,mode=min,src=a", NULL },
        { "type=registry,ref=a/b", NULL },
        { "type=local,src=a,compression=zstd", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_FREE char *folder = NULL;
        struct error err = { 0 };
        int result = cache_layout_parse_option(cases[i].text, "src", &folder, &err);

        assert_int_equal(result, cases[i].folder ? 0 : -1);
        if (cases[i].folder)
            assert_string_equal(folder, cases[i].folder);
        else
            assert_non_null(strstr(err.text, "src=FOLDER"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_read_and_found_by_their_keys),
        cmocka_unit_test(what_is_no_cache_is_refused),
        cmocka_unit_test(too_many_steps_are_refused),
        cmocka_unit_test(options_name_a_folder_or_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
