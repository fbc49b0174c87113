/* SPDX-License-Identifier: MIT */

/*
 * Lists of manifests, and the choice by platform.
 */

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "image/config_json.h"
#include "image/image_index.h"
#include "util/alloc.h"
#include "util/error.h"

#define HEX(digit) #digit #digit #digit #digit #digit #digit #digit #digit
#define DIGEST(digit)                                                                      \
    "sha256:" HEX(digit) HEX(digit) HEX(digit) HEX(digit) HEX(digit) HEX(digit) HEX(digit) \
        HEX(digit)
#define ENTRY(digit, more) "{\"digest\":\"" DIGEST(digit) "\",\"size\":7" more "}"
#define PLATFORM(os, arch) ",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\"}"

static struct image_index *parse(const char *json, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };
    struct image_index *index = NULL;

    text_add(&text, json);
    return image_index_parse(&text, &index, err) == 0 ? index : NULL;
}

static struct image_index *must_parse(const char *json)
{
    struct error err = { 0 };
    struct image_index *index = parse(json, &err);

    assert_string_equal(err.text, "");
    return index;
}

static const char *choose(const struct image_index *index, const char *platform)
{
    struct image_index_platform wanted;
    const struct image_index_item *item = NULL;
    struct error err = { 0 };

    assert_int_equal(image_index_parse_platform(platform, &wanted, &err), 0);
    item = image_index_find(index, &wanted);
    return item ? item->digest : "";
}

static void the_entry_of_the_platform_is_found(void **state)
{
    AUTO(image_index)
    struct image_index *index = must_parse(
        "{\"manifests\":[" ENTRY(0, PLATFORM("unknown", "unknown")) "," ENTRY(1, PLATFORM("linux", "s390x")) "," ENTRY(
            2, PLATFORM("linux", "amd64")) "," ENTRY(3,
                                                     ",\"platform\":{\"os\":\"linux\","
                                                     "\"architecture\":\"arm64\",\"variant\":"
                                                     "\"v8\"}") "," ENTRY(4,
                                                                          ",\"platform\":{\"os\":"
                                                                          "\"linux\","
                                                                          "\"architecture\":"
                                                                          "\"arm\",\"variant\":"
                                                                          "\"v6\"}") "," ENTRY(5,
                                                                                               ",\""
                                                                                               "pla"
                                                                                               "tfo"
                                                                                               "rm"
                                                                                               "\":"
                                                                                               "{\""
                                                                                               "os"
                                                                                               "\":"
                                                                                               "\"l"
                                                                                               "inu"
                                                                                               "x\""
                                                                                               ",\""
                                                                                               "arc"
                                                                                               "hit"
                                                                                               "ect"
                                                                                               "ure"
                                                                                               "\":"
                                                                                               "\"a"
                                                                                               "rm"
                                                                                               "\","
                                                                                               "\"v"
                                                                                               "ari"
                                                                                               "ant"
                                                                                               "\":"
                                                                                               "\"v"
                                                                                               "7\""
                                                                                               "}") "]}");

    (void)state;
    assert_int_equal(index->count, 5);
    assert_string_equal(choose(index, "linux/amd64"), DIGEST(2));
    assert_string_equal(choose(index, "x86_64"), DIGEST(2));
    assert_string_equal(choose(index, "linux/s390x"), DIGEST(1));
    assert_string_equal(choose(index, "linux/arm64"), DIGEST(3));
    assert_string_equal(choose(index, "linux/arm64/v8"), DIGEST(3));
    assert_string_equal(choose(index, "linux/arm/v7"), DIGEST(5));
    assert_string_equal(choose(index, "linux/riscv64"), "");
    assert_string_equal(choose(index, "windows/amd64"), "");
}

static void what_says_nothing_of_a_platform_is_the_last_choice(void **state)
{
    AUTO(image_index)
    struct image_index *index =
        must_parse("{\"manifests\":[" ENTRY(1, "") "," ENTRY(2, PLATFORM("linux", "amd64")) "]}");

    (void)state;
    assert_string_equal(choose(index, "linux/amd64"), DIGEST(2));
    assert_string_equal(choose(index, "linux/arm64"), DIGEST(1));
}

static void names_come_from_the_annotations(void **state)
{
    AUTO(image_index)
    struct image_index *index =
        must_parse("{\"manifests\":[" ENTRY(1,
                                            ",\"annotations\":{\"org.opencontainers.image.ref."
                                            "name\":\"v1\","
                                            "\"io.containerd.image.name\":\"docker.io/library/"
                                            "a:v1\"}") "," ENTRY(2,
                                                                 ",\"annotations\":{\"org."
                                                                 "opencontainers.image.ref.name\":"
                                                                 "\"b:2\"}") "," ENTRY(3, "") "]}");

    (void)state;
    assert_string_equal(index->items[0].name, "docker.io/library/a:v1");
    assert_string_equal(index->items[1].name, "b:2");
    assert_null(index->items[2].name);
}

static void what_is_no_list_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "[]",
        "{}",
        "{\"manifests\":{}}",
        "{\"manifests\":[{}]}",
        "{\"manifests\":[{\"digest\":\"sha256:12\",\"size\":1}]}",
        "{\"manifests\":[{\"digest\":\"" DIGEST(1) "\",\"size\":-1}]}",
        "{\"manifests\":[{\"digest\":\"" DIGEST(1) "\"}]}",
        "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"manifests\":[]}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct error err = { 0 };

        assert_null(parse(wrong[i], &err));
        assert_int_equal(err.code, ERROR_INVALID);
    }
}

static void platforms_are_read_as_people_write_them(void **state)
{
    static const char *const wrong[] = { "/", "linux/", "linux//v8", "a/b/c/d", "/amd64" };
    struct image_index_platform platform;
    struct error err = { 0 };

    (void)state;
    assert_int_equal(image_index_parse_platform(NULL, &platform, &err), 0);
    assert_string_equal(platform.os, "linux");
    assert_string_equal(platform.architecture, config_json_architecture());
    assert_int_equal(image_index_parse_platform("aarch64", &platform, &err), 0);
    assert_string_equal(platform.architecture, "arm64");
    assert_int_equal(image_index_parse_platform("linux/arm64/v8", &platform, &err), 0);
    assert_string_equal(platform.variant, "v8");
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        error_clear(&err);
        assert_int_equal(image_index_parse_platform(wrong[i], &platform, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_entry_of_the_platform_is_found),
        cmocka_unit_test(what_says_nothing_of_a_platform_is_the_last_choice),
        cmocka_unit_test(names_come_from_the_annotations),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(platforms_are_read_as_people_write_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
