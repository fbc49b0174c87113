/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

/* A process that renames, as others on the machine do. */
static pid_t start_renaming(const char *a, const char *b)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (rename(a, b) == 0 && rename(b, a) == 0)
        ;
    _exit(1);
}

static void renames_elsewhere_do_not_disturb(void **state)
{
    char a[80], b[80];
    AUTO_CLOSE int fd = open_at(AT_FDCWD, folder);
    struct error ignored = { 0 };
    pid_t renaming = -1;

    (void)state;
    snprintf(a, sizeof(a), "%s/a", folder);
    snprintf(b, sizeof(b), "%s/b", folder);
    assert_int_equal(mkdirat(fd, "x", 0700), 0);
    assert_int_equal(mkdirat(fd, "a", 0700), 0);
    renaming = start_renaming(a, b);
    for (int i = 0; i < 20000; i++) {
        AUTO_CLOSE int found = file_open_resolved(fd, "x/../x/../x", O_PATH, RESOLVE_IN_ROOT);

        if (found < 0)
            fail_msg("attempt %d: %s", i, strerror(errno));
    }
    kill(renaming, SIGKILL);
    waitpid(renaming, NULL, 0);
    assert_int_equal(file_remove_tree(AT_FDCWD, folder, &ignored), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(tree_deeper_than_descriptors_reach_is_removed, set_up),
        cmocka_unit_test_setup(symbolic_links_are_removed_and_not_followed, set_up),
        cmocka_unit_test_setup(renames_elsewhere_do_not_disturb, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
