/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/merged.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/strings.h"
#include "util/text.h"

#define LINKS 38

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
    char folder[] = "/tmp/carte-merged.XXXXXX";
    AUTO_STRINGS struct strings layers = { 0 };
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    AUTO(merged) struct merged *merged = NULL;
    AUTO_CLOSE int fd = -1;
    struct error err = { 0 };

    (void)state;
    assert_non_null(mkdtemp(folder));
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    make_links(fd);
    strings_add(&layers, folder);
    merged = merged_open(&layers, &err);
    assert_non_null(merged);
    assert_int_equal(merged_find(merged, "l0/../../d", true, &node, &err), 0);
    assert_int_equal(file_remove_tree(AT_FDCWD, folder, &err), 0);
}

static void steps_above_the_root_stay_there(void **state)
{
    char folder[] = "/tmp/carte-merged.XXXXXX";
    AUTO_STRINGS struct strings layers = { 0 };
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    AUTO(merged) struct merged *merged = NULL;
    AUTO_CLOSE int fd = -1;
    struct error err = { 0 };

    (void)state;
    assert_non_null(mkdtemp(folder));
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(fd, "a", 0755), 0);
    assert_int_equal(mkdirat(fd, "a/b", 0755), 0);
    assert_int_equal(symlinkat("../../../../a", fd, "a/up"), 0);
    strings_add(&layers, folder);
    merged = merged_open(&layers, &err);
    assert_non_null(merged);
    assert_int_equal(merged_find(merged, "a/../../a/b/../up/b", true, &node, &err), 0);
    assert_true(node.found);
    assert_string_equal(node.path, "a/b");
    assert_int_equal(merged_find(merged, "a/../../tmp", true, &node, &err), 0);
    assert_false(node.found);
    assert_int_equal(file_remove_tree(AT_FDCWD, folder, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_way_through_links_needs_no_deep_stack),
        cmocka_unit_test(steps_above_the_root_stay_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
