/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "image/merged.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/strings.h"
#include "util/text.h"

#define LINKS 38

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/carte-merged.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct error err = { 0 };

    (void)state;
    return file_remove_tree(AT_FDCWD, folder, &err);
}

static struct merged *open_layers(const struct strings *layers)
{
    struct error err = { 0 };
    struct merged *merged = merged_open(layers, &err);

    assert_non_null(merged);
    return merged;
}

static struct merged *open_folder(void)
{
    AUTO_STRINGS struct strings layers = { 0 };

    strings_add(&layers, folder);
    return open_layers(&layers);
}

/* Each link goes up and down hundreds of times and then to the next link. */
static void make_links(int fd)
{
    for (int i = 0; i < LINKS; i++) {
        AUTO_TEXT struct text target = { 0 };
        char name[16];

        while (target.length < 4000)
            text_add(&target, "d/../");
        text_add_format(&target, "l%d", i + 1);
        snprintf(name, sizeof(name), "l%d", i);
        assert_int_equal(symlinkat(text_get(&target), fd, name), 0);
    }
    assert_int_equal(mkdirat(fd, "d", 0755), 0);
}

static void long_way_through_links_needs_no_deep_stack(void **state)
{
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    AUTO(merged) struct merged *merged = NULL;
    AUTO_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct error err = { 0 };

    (void)state;
    make_links(fd);
    merged = open_folder();
    assert_int_equal(merged_find(merged, "l0/../../d", true, &node, &err), 0);
}

static void steps_above_the_root_stay_there(void **state)
{
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    AUTO(merged) struct merged *merged = NULL;
    AUTO_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct error err = { 0 };

    (void)state;
    assert_int_equal(mkdirat(fd, "a", 0755), 0);
    assert_int_equal(mkdirat(fd, "a/b", 0755), 0);
    assert_int_equal(symlinkat("../../../../a", fd, "a/up"), 0);
    merged = open_folder();
    assert_int_equal(merged_find(merged, "a/../../a/b/../up/b", true, &node, &err), 0);
    assert_true(node.found);
    assert_string_equal(node.path, "a/b");
    assert_int_equal(merged_find(merged, "a/../../tmp", true, &node, &err), 0);
    assert_false(node.found);
}

/* A tree of every kind of thing, and over it a layer that changes it. */
static struct merged *open_two_layers(void)
{
    static const char *const script =
        "cd %s && mkdir -p top/a/b top/new low/a/b low/a/c low/gone low/closed/in low/z &&"
        "touch low/a/b/one low/a/b/two low/a/c/three low/gone/x low/closed/in/y low/file low/z/f &&"
        "touch top/a/b/two top/new/n top/z && ln -s ../a/b low/z/link && ln -s nowhere low/broken "
        "&&"
        "mknod top/gone c 0 0 && mkdir top/closed && touch top/closed/v";
    AUTO_FREE char *closed = alloc_format("%s/top/closed", folder);
    AUTO_FREE char *command = alloc_format(script, folder);
    AUTO_STRINGS struct strings layers = { 0 };

    assert_int_equal(system(command), 0);
    assert_int_equal(setxattr(closed, "trusted.overlay.opaque", "y", 1, 0), 0);
    strings_take(&layers, alloc_format("%s/top", folder));
    strings_take(&layers, alloc_format("%s/low", folder));
    return open_layers(&layers);
}

static int note_path(void *context, struct merged_node *node, bool *enter, struct error *err)
{
    (void)err;
    *enter = strcmp(node->path, "a/c") != 0;
    strings_take(context, alloc_format("%s %o %llu", node->path, node->status.st_mode,
                                       (unsigned long long)node->status.st_ino));
    return 0;
}

static void a_walk_meets_what_look_ups_find(void **state)
{
    AUTO_STRINGS struct strings met = { 0 };
    AUTO(merged) struct merged *merged = NULL;
    struct error err = { 0 };

    (void)state;
    if (geteuid() != 0)
        skip();
    merged = open_two_layers();
    assert_int_equal(merged_walk(merged, "", note_path, &met, &err), 0);
    assert_int_equal(met.count, 12);
    /* In any order: a look-up may begin where the one before it ended. */
    for (size_t i = 0; i < met.count * met.count; i++) {
        const char *line = met.items[(i * 7 + i / met.count) % met.count];
        AUTO_FREE char *path = alloc_text_part(line, strcspn(line, " "));
        AUTO_FREE char *found = NULL;
        AUTO_MERGED_NODE struct merged_node node = { 0 };

        assert_int_equal(merged_find(merged, path, false, &node, &err), 0);
        assert_true(node.found);
        found = alloc_format("%s %o %llu", node.path, node.status.st_mode,
                             (unsigned long long)node.status.st_ino);
        assert_string_equal(found, line);
    }
}

static void what_is_missing_is_missing_wherever_a_look_up_begins(void **state)
{
    static const struct {
        const char *path;
        bool found;
    } cases[] = {
        { "a/b/one", true },      { "a/b/none", false },     { "a/b/two", true },
        { "gone", false },        { "gone/x", false },       { "gone/y", false },
        { "file", true },         { "file/x", false },       { "file/y", false },
        { "closed/v", true },     { "closed/in", false },    { "closed/in/y", false },
        { "a/b", true },          { "a/b/.", true },         { "a/b/..", true },
        { "a/none/deep", false }, { "a/none/other", false }, { "a/c/three", true },
    };
    AUTO(merged) struct merged *merged = NULL;
    struct error err = { 0 };

    (void)state;
    if (geteuid() != 0)
        skip();
    merged = open_two_layers();
    for (size_t i = 0; i < ARRAY_SIZE(cases) * ARRAY_SIZE(cases); i++) {
        size_t pair[] = { i / ARRAY_SIZE(cases), i % ARRAY_SIZE(cases) };

        for (size_t k = 0; k < ARRAY_SIZE(pair); k++) {
            AUTO_MERGED_NODE struct merged_node node = { 0 };

            assert_int_equal(merged_find(merged, cases[pair[k]].path, true, &node, &err), 0);
            assert_int_equal(node.found, cases[pair[k]].found);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(long_way_through_links_needs_no_deep_stack),
        TEST(steps_above_the_root_stay_there),
        TEST(a_walk_meets_what_look_ups_find),
        TEST(what_is_missing_is_missing_wherever_a_look_up_begins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
