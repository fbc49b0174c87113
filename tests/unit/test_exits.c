/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <sys/mman.h>
#include <unistd.h>

#include "supervise/exits.h"

static int open_memory(void)
{
    int fd = memfd_create("exits", MFD_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static void write_exit(int fd, uint64_t sequence, int32_t pid, uint64_t start_time, int32_t status)
{
    struct exits_record record = {
        .sequence = sequence, .pid = pid, .start_time = start_time, .status = status
    };

    assert_true(exits_write(fd, &record));
}

static void a_process_is_found_by_pid_and_start_time(void **state)
{
    struct exits_record found;
    int fd = open_memory();

    (void)state;
    write_exit(fd, 1, 100, 5, 0x100);
    write_exit(fd, 2, 101, 6, 0x200);
    assert_true(exits_find(fd, 101, 6, &found));
    assert_int_equal(found.status, 0x200);
    assert_false(exits_find(fd, 101, 7, &found));
    assert_false(exits_find(fd, 102, 6, &found));
    close(fd);
}

static void a_record_that_was_written_twice_is_found_once(void **state)
{
    struct exits_record found;
    int fd = open_memory();

    (void)state;
    write_exit(fd, 1, 100, 5, 9);
    write_exit(fd, 2, 100, 5, 9);
    assert_true(exits_find(fd, 100, 5, &found));
    assert_int_equal(found.sequence, 2);
    close(fd);
}

static void the_ring_goes_round(void **state)
{
    struct exits_record found;
    int fd = open_memory();

    (void)state;
    assert_int_equal(exits_last_sequence(fd), 0);
    for (uint64_t i = 1; i <= EXITS_SLOTS + 3; i++)
        write_exit(fd, i, (int32_t)i, i, 0);
    assert_int_equal(exits_last_sequence(fd), EXITS_SLOTS + 3);
    assert_false(exits_find(fd, 3, 3, &found));
    assert_true(exits_find(fd, 4, 4, &found));
    assert_true(exits_find(fd, EXITS_SLOTS + 3, EXITS_SLOTS + 3, &found));
    close(fd);
}

static void the_own_process_has_a_start_time_and_a_parent(void **state)
{
    (void)state;
    assert_true(exits_start_time(getpid()) > 0);
    assert_int_equal(exits_parent(getpid()), getppid());
    assert_int_equal(exits_start_time(-1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_is_found_by_pid_and_start_time),
        cmocka_unit_test(a_record_that_was_written_twice_is_found_once),
        cmocka_unit_test(the_ring_goes_round),
        cmocka_unit_test(the_own_process_has_a_start_time_and_a_parent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
