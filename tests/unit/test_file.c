/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/carte-file.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int open_at(int dirfd, const char *name)
{
    return openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* `count` folders "d", each in the one before and each beside a file. */
static void make_chain(const char *name, int count)
{
    int fd = open_at(AT_FDCWD, folder);

    for (int i = 0; i < count; i++) {
        int next = -1;

        assert_int_equal(mkdirat(fd, i == 0 ? name : "d", 0700), 0);
        next = open_at(fd, i == 0 ? name : "d");
        close(openat(fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        close(fd);
        fd = next;
        assert_true(fd >= 0);
    }
    close(fd);
}

static void tree_deeper_than_descriptors_reach_is_removed(void **state)
{
    struct rlimit before, few = { .rlim_cur = 80 };
    struct error err = { 0 };
    int result = 0;

    (void)state;
    make_chain("one", 300);
    make_chain("two", 300);
    make_chain(".removed.1", 60);
    getrlimit(RLIMIT_NOFILE, &before);
    few.rlim_max = before.rlim_max;
    setrlimit(RLIMIT_NOFILE, &few);
    result = file_remove_tree(AT_FDCWD, folder, &err);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_string_equal(err.text, "");
    assert_int_equal(result, 0);
    assert_false(file_exists(AT_FDCWD, folder));
}

static void symbolic_links_are_removed_and_not_followed(void **state)
{
    struct error err = { 0 };
    char target[80], place[80];

    (void)state;
    snprintf(target, sizeof(target), "%s.kept", folder);
    snprintf(place, sizeof(place), "%s/link", folder);
    assert_int_equal(mkdir(target, 0700), 0);
    assert_int_equal(symlink(target, place), 0);
    assert_int_equal(file_remove_tree(AT_FDCWD, folder, &err), 0);
    assert_false(file_exists(AT_FDCWD, folder));
    assert_int_equal(rmdir(target), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(tree_deeper_than_descriptors_reach_is_removed, set_up),
        cmocka_unit_test_setup(symbolic_links_are_removed_and_not_followed, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
