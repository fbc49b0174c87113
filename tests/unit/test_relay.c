/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/relay.h"
#include "util/cleanup.h"
#include "util/error.h"

/* What the user has: files, and a pidfd that is readable as that of an ended process is. */
struct bed {
    struct relay_pipes pipes;
    int user[RELAY_COUNT];
    int ended[2];
    int left_running[RELAY_COUNT]; /* what a child of the process would still hold */
};

static void open_bed(struct bed *bed)
{
    struct error err = { 0 };

    *bed = (struct bed){ .pipes = RELAY_PIPES_NONE };
    assert_int_equal(relay_open(&bed->pipes, &err), 0);
    for (size_t i = 0; i < RELAY_COUNT; i++) {
        bed->user[i] = memfd_create("user", MFD_CLOEXEC);
        assert_true(bed->user[i] >= 0);
        bed->left_running[i] = fcntl(bed->pipes.given[i], F_DUPFD_CLOEXEC, 0);
        assert_true(bed->left_running[i] >= 0);
    }
    assert_int_equal(pipe2(bed->ended, O_CLOEXEC), 0);
    close(bed->ended[1]);
}

static void close_bed(struct bed *bed)
{
    relay_close(&bed->pipes);
    for (size_t i = 0; i < RELAY_COUNT; i++) {
        close(bed->user[i]);
        close(bed->left_running[i]);
    }
    close(bed->ended[0]);
}

static void write_text(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void assert_content(int fd, const char *expected)
{
    char buffer[64] = "";

    assert_true(pread(fd, buffer, sizeof(buffer) - 1, 0) >= 0);
    assert_string_equal(buffer, expected);
}

static void what_was_written_before_the_end_arrives(void **state)
{
    struct error err = { 0 };
    struct bed bed;

    (void)state;
    open_bed(&bed);
    write_text(bed.pipes.given[RELAY_STDOUT], "out");
    write_text(bed.pipes.given[RELAY_STDERR], "err");
    assert_int_equal(relay_run(&bed.pipes, bed.user, bed.ended[0], &err), 0);
    assert_content(bed.user[RELAY_STDOUT], "out");
    assert_content(bed.user[RELAY_STDERR], "err");
    close_bed(&bed);
}

static void a_full_pipe_arrives_whole(void **state)
{
    static const char block[65536];
    struct error err = { 0 };
    struct stat status;
    struct bed bed;

    (void)state;
    open_bed(&bed);
    assert_int_equal(write(bed.pipes.given[RELAY_STDOUT], block, sizeof(block)), sizeof(block));
    assert_int_equal(relay_run(&bed.pipes, bed.user, bed.ended[0], &err), 0);
    assert_int_equal(fstat(bed.user[RELAY_STDOUT], &status), 0);
    assert_int_equal(status.st_size, sizeof(block));
    close_bed(&bed);
}

static void a_reader_that_goes_away_ends_its_stream_alone(void **state)
{
    struct error err = { 0 };
    struct bed bed;
    int gone[2];

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    open_bed(&bed);
    assert_int_equal(pipe2(gone, O_CLOEXEC), 0);
    close(gone[0]);
    close(bed.user[RELAY_STDOUT]);
    bed.user[RELAY_STDOUT] = gone[1];
    write_text(bed.pipes.given[RELAY_STDOUT], "out");
    write_text(bed.pipes.given[RELAY_STDERR], "err");
    assert_int_equal(relay_run(&bed.pipes, bed.user, bed.ended[0], &err), 0);
    assert_content(bed.user[RELAY_STDERR], "err");
    close_bed(&bed);
}

static void output_that_cannot_be_kept_is_an_error(void **state)
{
    struct error err = { 0 };
    struct bed bed;

    (void)state;
    open_bed(&bed);
    close(bed.user[RELAY_STDOUT]);
    bed.user[RELAY_STDOUT] = open("/dev/full", O_WRONLY | O_CLOEXEC);
    write_text(bed.pipes.given[RELAY_STDOUT], "out");
    assert_int_equal(relay_run(&bed.pipes, bed.user, bed.ended[0], &err), -1);
    assert_non_null(strstr(err.text, "write the output of the command"));
    close_bed(&bed);
}

/* The process: copies its input to its output until the end, which it must see. */
static void copy_and_exit(struct bed *bed)
{
    char buffer[4096];
    ssize_t length;

    close(bed->pipes.own[RELAY_STDIN]);
    while ((length = read(bed->pipes.given[RELAY_STDIN], buffer, sizeof(buffer))) > 0) {
        if (write(bed->pipes.given[RELAY_STDOUT], buffer, (size_t)length) != length)
            _exit(1);
    }
    _exit(0);
}

static void input_passes_through_a_process_to_its_end(void **state)
{
    enum { LENGTH = 300000 };
    struct error err = { 0 };
    struct stat status;
    struct bed bed;
    int ended[2];
    pid_t pid;

    (void)state;
    open_bed(&bed);
    assert_int_equal(ftruncate(bed.user[RELAY_STDIN], LENGTH), 0);
    assert_int_equal(pipe2(ended, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        copy_and_exit(&bed);
    close(ended[1]);
    assert_int_equal(relay_run(&bed.pipes, bed.user, ended[0], &err), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(fstat(bed.user[RELAY_STDOUT], &status), 0);
    assert_int_equal(status.st_size, LENGTH);
    close(ended[0]);
    close_bed(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_before_the_end_arrives),
        cmocka_unit_test(a_full_pipe_arrives_whole),
        cmocka_unit_test(a_reader_that_goes_away_ends_its_stream_alone),
        cmocka_unit_test(output_that_cannot_be_kept_is_an_error),
        cmocka_unit_test(input_passes_through_a_process_to_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
