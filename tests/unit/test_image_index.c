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

/* An entry of a list; its digest is 64 times the one digit of its place in the list. */
struct entry {
    const char *os, *architecture, *variant;
    const char *whole_name, *ref_name;
};

static void format_entry(struct text *out, const struct entry *entry, size_t place)
{
    text_add_format(out, "%s{\"digest\":\"sha256:", place > 0 ? "," : "");
    for (size_t i = 0; i < 64; i++)
        text_add_format(out, "%zu", place);
    text_add(out, "\",\"size\":7");
    if (entry->os)
        text_add_format(out, ",\"platform\":{\"os\":\"%s\",\"architecture\":\"%s\"", entry->os,
                        entry->architecture);
    if (entry->variant)
        text_add_format(out, ",\"variant\":\"%s\"", entry->variant);
    text_add(out, entry->os ? "},\"annotations\":{" : ",\"annotations\":{");
    if (entry->whole_name)
        text_add_format(out, "\"io.containerd.image.name\":\"%s\",", entry->whole_name);
    text_add_format(out, "\"org.opencontainers.image.ref.name\":\"%s\"}}",
                    entry->ref_name ? entry->ref_name : "");
}

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

static struct image_index *make(const struct entry *entries, size_t count)
{
    AUTO_TEXT struct text json = { 0 };

    text_add(&json, "{\"manifests\":[");
    for (size_t i = 0; i < count; i++)
        format_entry(&json, &entries[i], i);
    text_add(&json, "]}");
    return must_parse(text_get(&json));
}

/* The first digit of the digest that is chosen, or '-'. */
static char choose(const struct image_index *index, const char *platform)
{
    struct image_index_platform wanted;
    const struct image_index_item *item = NULL;
    struct error err = { 0 };

    assert_int_equal(image_index_parse_platform(platform, &wanted, &err), 0);
    item = image_index_find(index, &wanted);
    return item ? item->digest[strlen("sha256:")] : '-';
}

static void the_entry_of_the_platform_is_found(void **state)
{
    static const struct entry entries[] = {
        { .os = "unknown", .architecture = "unknown" },
        { .os = "linux", .architecture = "s390x" },
        { .os = "linux", .architecture = "amd64" },
        { .os = "linux", .architecture = "arm64", .variant = "v8" },
        { .os = "linux", .architecture = "arm", .variant = "v6" },
        { .os = "linux", .architecture = "arm", .variant = "v7" },
    };
    AUTO(image_index) struct image_index *index = make(entries, ARRAY_SIZE(entries));

    (void)state;
    assert_int_equal(index->count, 5);
    assert_int_equal(choose(index, "linux/s390x"), '1');
    assert_int_equal(choose(index, "linux/amd64"), '2');
    assert_int_equal(choose(index, "x86_64"), '2');
    assert_int_equal(choose(index, "linux/arm64"), '3');
    assert_int_equal(choose(index, "linux/arm64/v8"), '3');
    assert_int_equal(choose(index, "linux/arm/v7"), '5');
    assert_int_equal(choose(index, "linux/riscv64"), '-');
    assert_int_equal(choose(index, "windows/amd64"), '-');
}

static void what_says_nothing_of_a_platform_is_the_last_choice(void **state)
{
    static const struct entry entries[] = {
        { .ref_name = "any" },
        { .os = "linux", .architecture = "amd64" },
    };
    AUTO(image_index) struct image_index *index = make(entries, ARRAY_SIZE(entries));

    (void)state;
    assert_int_equal(choose(index, "linux/amd64"), '1');
    assert_int_equal(choose(index, "linux/arm64"), '0');
}

static void names_come_from_the_annotations(void **state)
{
    static const struct entry entries[] = {
        { .whole_name = "docker.io/library/a:v1", .ref_name = "v1" },
        { .ref_name = "b:2" },
    };
    AUTO(image_index) struct image_index *index = make(entries, ARRAY_SIZE(entries));

    (void)state;
    assert_string_equal(index->items[0].name, "docker.io/library/a:v1");
    assert_string_equal(index->items[1].name, "b:2");
}

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void what_is_no_list_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "[]",
        "{}",
        "{\"manifests\":{}}",
        "{\"manifests\":[{}]}",
        "{\"manifests\":[{\"digest\":\"sha256:12\",\"size\":1}]}",
        "{\"manifests\":[{\"digest\":\"" DIGEST "\",\"size\":-1}]}",
        "{\"manifests\":[{\"digest\":\"" DIGEST "\"}]}",
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
