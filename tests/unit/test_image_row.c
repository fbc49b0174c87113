/* SPDX-License-Identifier: MIT */

/*
 * --filter of images, and how rows of images look.
 */

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "cli/image_filter.h"
#include "cli/image_row.h"
#include "cli/transfer.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"

#define NOW_MS INT64_C(1800000000000)

/* An image of two days ago. */
static struct image *new_image(void)
{
    struct image *image = alloc_new(struct image);
    char created[32];

    clock_format_wall(NOW_MS - 2 * DAY_MS, created);
    image->created = alloc_text(created);
    image->id =
        alloc_text("sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
    image->digest = alloc_text("sha256:12");
    strings_add(&image->names, "localhost:5000/team/app:v1");
    strings_map_set(&image->config.labels, "kind", "app");
    strings_map_set(&image->config.labels, "empty", "");
    return image;
}

static bool matches(const char *words, const struct image *image, const char *name)
{
    AUTO_IMAGE_FILTER struct image_filter filter = { 0 };
    AUTO_STRINGS struct strings list = { 0 };
    AUTO_FREE char *copy = alloc_text(words);
    struct error err = { 0 };
    char *rest = copy;

    for (char *word = strsep(&rest, " "); word && *word; word = strsep(&rest, " "))
        strings_add(&list, word);
    assert_int_equal(image_filter_parse(&list, NULL, NOW_MS, &filter, &err), 0);
    return image_filter_matches(&filter, image, name);
}

static void filters_choose_as_in_docker(void **state)
{
    static const struct {
        const char *words;
        bool matches;
    } examples[] = {
        { "", true },
        { "dangling=false", true },
        { "dangling=true", false },
        { "dangling=0", true },
        { "label=kind", true },
        { "label=kind=app", true },
        { "label=kind=other", false },
        { "label=kind label=other", false },
        { "label=empty=", true },
        { "label!=kind", false },
        { "label!=other", true },
        { "label!=kind=other", true },
        { "reference=localhost:5000/team/app", true },
        { "reference=localhost:5000/team/app:v1", true },
        { "reference=localhost:5000/*/*", true },
        { "reference=*/*/*:v?", true },
        { "reference=*", false },
        { "reference=app", false },
        { "reference=app reference=*/team/app", true },
        { "until=24h", true },
        { "until=72h", false },
        { "until=2027-01-14", true },
        { "until=2027-01-12", false },
    };
    AUTO(image) struct image *image = new_image();

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
        if (matches(examples[i].words, image, image->names.items[0]) != examples[i].matches)
            fail_msg("%s", examples[i].words);
    }
    strings_done(&image->names);
    assert_true(matches("dangling=true", image, NULL));
    assert_false(matches("reference=*", image, NULL));
}

static void filters_that_are_none_are_refused(void **state)
{
    static const char *const wrong[] = { "",      "dangling",   "dangling=maybe",
                                         "label", "colour=red", "until=soon" };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        AUTO_IMAGE_FILTER struct image_filter filter = { 0 };
        AUTO_STRINGS struct strings list = { 0 };
        struct error err = { 0 };

        strings_add(&list, wrong[i]);
        assert_int_equal(image_filter_parse(&list, NULL, NOW_MS, &filter, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        assert_non_null(strstr(err.text, "--filter"));
    }
}

static void a_row_says_what_docker_says(void **state)
{
    const struct image_row_style style = { .wall_ms = NOW_MS };
    const struct image_row_style exact = { .wall_ms = NOW_MS, .no_trunc = true, .exact = true };
    AUTO(image) struct image *image = new_image();
    AUTO(json) struct json *row = image_row_new(image, image->names.items[0], 2048, &style);
    AUTO(json) struct json *whole = image_row_new(image, "a@sha256:12", 2048, &exact);
    AUTO(json) struct json *nameless = image_row_new(image, NULL, 0, &style);

    (void)state;
    assert_string_equal(json_find_text(row, "Repository", ""), "localhost:5000/team/app");
    assert_string_equal(json_find_text(row, "Tag", ""), "v1");
    assert_string_equal(json_find_text(row, "ID", ""), "5f70bf18a086");
    assert_string_equal(json_find_text(row, "CreatedSince", ""), "2 days ago");
    assert_string_equal(json_find_text(row, "Size", ""), "2 KiB");
    assert_string_equal(json_find_text(whole, "ID", ""), image->id);
    assert_string_equal(json_find_text(whole, "Size", ""), "2048");
    assert_string_equal(json_find_text(whole, "Repository", ""), "a");
    assert_string_equal(json_find_text(whole, "Tag", ""), "<none>");
    assert_string_equal(json_find_text(nameless, "Repository", ""), "<none>");
}

static void a_row_has_a_member_for_each_column(void **state)
{
    const struct image_row_style style = { .wall_ms = NOW_MS };
    AUTO(image) struct image *image = new_image();
    AUTO(json) struct json *row = image_row_new(image, NULL, 0, &style);
    AUTO(json) struct json *step = image_row_new_step(NULL, &style);

    (void)state;
    for (const struct listing_column *c = image_row_columns; c->key; c++)
        assert_non_null(json_find(row, c->key));
    for (const struct listing_column *c = image_row_history_columns; c->key; c++)
        assert_non_null(json_find(step, c->key));
}

static void listings_are_tables_or_templates(void **state)
{
    AUTO(json) struct json *rows = json_new_array();
    const struct image_row_style style = { .wall_ms = NOW_MS };
    AUTO(image) struct image *image = new_image();
    const struct listing listing = {
        .columns = image_row_columns,
        .table = "{{.Tag}}\\t{{.ID}}",
        .rows = rows,
    };
    static const char *const examples[][2] = {
        { "table", "TAG   IMAGE ID\nv1    5f70bf18a086\n" },
        { "table {{.ID}}\\t{{.Tag}} x", "IMAGE ID       TAG x\n5f70bf18a086   v1 x\n" },
        { "{{.Tag}}", "v1\n" },
    };

    (void)state;
    json_append(rows, image_row_new(image, image->names.items[0], 1, &style));
    for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
        AUTO_TEXT struct text out = { 0 };
        struct error err = { 0 };

        assert_int_equal(listing_format(&listing, examples[i][0], &out, &err), 0);
        assert_string_equal(text_get(&out), examples[i][1]);
    }
}

static void bytes_on_their_way_are_told(void **state)
{
    AUTO_TEXT struct text text = { 0 };

    (void)state;
    transfer_format_name("sha256:5f70bf18a086007016e948b0", &text);
    text_add_char(&text, ' ');
    transfer_format_status(1024, 4096, &text);
    text_add_char(&text, '/');
    transfer_format_name("archive", &text);
    text_add_char(&text, ' ');
    transfer_format_status(1024, 0, &text);
    assert_string_equal(text_get(&text), "Layer 5f70bf18a086 1 KiB / 4 KiB/Archive 1 KiB");
}

static void times_are_read_with_their_offset(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } examples[] = {
        { "1970-01-02", DAY_MS },
        { "1970-01-01T00:00:01Z", 1000 },
        { "1970-01-01T00:00:01.25Z", 1250 },
        { "1970-01-01T02:00:01.123456789+02:00", 1123 },
        { "1969-12-31T23:30:00-00:30", 0 },
        { "1970-01-01T00:00:01", 1000 },
    };
    static const char *const wrong[] = { "",
                                         "today",
                                         "1970-01-01T",
                                         "1970-01-01T00:00:00X",
                                         "1970-01-01T00:00:00+2",
                                         "1970-01-01 00:00" };
    int64_t ms = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
        if (!clock_parse_wall(examples[i].text, &ms) || ms != examples[i].ms)
            fail_msg("%s: %lld", examples[i].text, (long long)ms);
    }
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        if (clock_parse_wall(wrong[i], &ms))
            fail_msg("'%s' is a time", wrong[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_choose_as_in_docker),
        cmocka_unit_test(filters_that_are_none_are_refused),
        cmocka_unit_test(a_row_says_what_docker_says),
        cmocka_unit_test(a_row_has_a_member_for_each_column),
        cmocka_unit_test(listings_are_tables_or_templates),
        cmocka_unit_test(bytes_on_their_way_are_told),
        cmocka_unit_test(times_are_read_with_their_offset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
