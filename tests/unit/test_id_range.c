/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervise/id_range.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

static char root[64];

static int set_up(void **state)
{
    (void)state;
    strcpy(root, "/tmp/carte-ids-XXXXXX");
    assert_non_null(mkdtemp(root));
    return setenv("CARTE_ROOT", root, 1);
}

static int tear_down(void **state)
{
    struct error err = { 0 };

    (void)state;
    unsetenv("CARTE_ROOT");
    return file_remove_tree(AT_FDCWD, root, &err);
}

/* The range of the replica `name`, whose folder is made. */
static uint32_t take(const char *name)
{
    AUTO_FREE char *folder = alloc_format("%s/%s", root, name);
    struct error err = { 0 };
    uint32_t first = 0;

    if (mkdir(folder, 0700) < 0)
        assert_true(file_exists(AT_FDCWD, folder));
    assert_int_equal(id_range_take(folder, &first, &err), 0);
    return first;
}

static void drop(const char *name)
{
    AUTO_FREE char *folder = alloc_format("%s/%s", root, name);

    assert_int_equal(rmdir(folder), 0);
}

static void each_replica_keeps_its_own_range(void **state)
{
    uint32_t a = take("a"), b = take("b");

    (void)state;
    assert_true(a >= b + ID_RANGE_SIZE || b >= a + ID_RANGE_SIZE);
    assert_int_equal(take("a"), a);
    assert_int_equal(take("b"), b);
}

static void range_is_free_when_its_folder_is_gone(void **state)
{
    AUTO_FREE char *link = NULL;
    uint32_t a = take("a"), b = take("b");
    struct error err = { 0 };

    (void)state;
    drop("a");
    assert_int_equal(take("c"), a);
    assert_int_equal(take("b"), b);
    drop("b");
    link = alloc_format("%s/ids/%u", root, b);
    assert_int_equal(id_range_sweep(&err), 0);
    assert_int_equal(readlink(link, (char[8]){ 0 }, 8), -1);
    assert_int_equal(take("c"), a);
}

/* Several supervisors at once must never give the same range away twice. */
static void ranges_of_many_takers_are_apart(void **state)
{
    enum { TAKERS = 8, EACH = 20 };
    bool seen[TAKERS * EACH] = { false };
    uint32_t lowest = take("first");
    int pipe_fds[2];

    (void)state;
    assert_int_equal(pipe(pipe_fds), 0);
    for (int taker = 0; taker < TAKERS; taker++) {
        if (fork() == 0) {
            for (int i = 0; i < EACH; i++) {
                AUTO_FREE char *name = alloc_format("%d-%d", taker, i);
                uint32_t first = take(name);

                if (write(pipe_fds[1], &first, sizeof(first)) != sizeof(first))
                    _exit(1);
            }
            _exit(0);
        }
    }
    for (int i = 0; i < TAKERS * EACH; i++) {
        uint32_t first = 0;

        assert_int_equal(read(pipe_fds[0], &first, sizeof(first)), sizeof(first));
        first = (first - lowest) / ID_RANGE_SIZE - 1;
        assert_in_range(first, 0, TAKERS * EACH - 1);
        assert_false(seen[first]);
        seen[first] = true;
    }
    while (wait(NULL) > 0)
        continue;
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static void sweep_without_ranges_does_nothing(void **state)
{
    struct error err = { 0 };

    (void)state;
    assert_int_equal(id_range_sweep(&err), 0);
}

#define RANGE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RANGE_TEST(each_replica_keeps_its_own_range),
        RANGE_TEST(range_is_free_when_its_folder_is_gone),
        RANGE_TEST(ranges_of_many_takers_are_apart),
        RANGE_TEST(sweep_without_ranges_does_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
