/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervise/log_line.h"
#include "supervise/log_reader.h"
#include "supervise/logs.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

struct fixture {
    char folder[32];
    struct logs *logs;
    int out, err_out;
};

static const struct logs_limits small = { .file_bytes = 600, .files = 3 };

static void open_logs(struct fixture *f, const struct logs_limits *limits)
{
    struct error err = { 0 };

    if (logs_open(NULL, "shop", "login-1", limits, &f->logs, &err) < 0)
        fail_msg("%s", err.text);
}

static int set_up(void **state)
{
    struct fixture *f = alloc_new(struct fixture);

    strcpy(f->folder, "/tmp/carte-logs.XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    setenv("CARTE_RUN", f->folder, 1);
    setenv("CARTE_ROOT", f->folder, 1);
    f->out = f->err_out = -1;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    struct error err = { 0 };

    if (f->out >= 0)
        close(f->out);
    if (f->err_out >= 0)
        close(f->err_out);
    logs_close(f->logs);
    if (file_remove_tree(AT_FDCWD, f->folder, &err) < 0)
        return -1;
    free(f);
    return 0;
}

static void open_writers(struct fixture *f)
{
    struct error err = { 0 };

    assert_int_equal(logs_open_writer(f->logs, LOGS_STDOUT, &f->out, &err), 0);
    assert_int_equal(logs_open_writer(f->logs, LOGS_STDERR, &f->err_out, &err), 0);
}

static void put(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static bool add_record(void *context, const struct log_reader_record *record)
{
    assert_string_equal(record->service, "login");
    assert_int_equal(strlen(record->time), strlen("2026-01-31T12:00:00.123Z"));
    text_add_format(context, "%s%s%s|", record->is_stderr ? "!" : "", record->text,
                    record->is_partial ? "..." : "");
    return true;
}

/* All records as one text: "a|b|!on stderr|". */
static void expect_log(int64_t tail, const char *expected)
{
    const struct log_reader_query query = { .project = "shop", .tail = tail, .stop_fd = -1 };
    AUTO_TEXT struct text seen = { 0 };
    struct error err = { 0 };

    assert_int_equal(log_reader_each(&query, add_record, &seen, &err), 0);
    assert_string_equal(text_get(&seen), expected);
}

static void lines_become_records(void **state)
{
    struct fixture *f = *state;

    open_logs(f, NULL);
    open_writers(f);
    put(f->out, "one\ntwo \"quoted\"\n");
    logs_collect(f->logs, false);
    put(f->err_out, "on stderr\n\n");
    logs_collect(f->logs, false);
    expect_log(-1, "one|two \"quoted\"|!on stderr|!|");
    expect_log(2, "!on stderr|!|");
    expect_log(0, "");
}

static void an_unfinished_line_waits_for_its_end(void **state)
{
    struct fixture *f = *state;

    open_logs(f, NULL);
    open_writers(f);
    put(f->out, "first\nhal");
    logs_collect(f->logs, false);
    expect_log(-1, "first|");
    logs_close(STEAL_PTR(f->logs));
    put(f->out, "f\nla");
    open_logs(f, NULL);
    logs_collect(f->logs, false);
    expect_log(-1, "first|half|");
    logs_collect(f->logs, true);
    expect_log(-1, "first|half|la...|");
}

static void output_without_a_collector_waits_in_the_pipe(void **state)
{
    struct fixture *f = *state;

    open_logs(f, NULL);
    open_writers(f);
    logs_close(STEAL_PTR(f->logs));
    put(f->out, "nobody reads\n");
    put(f->err_out, "nor this\n");
    open_logs(f, NULL);
    logs_collect(f->logs, false);
    expect_log(-1, "nobody reads|!nor this|");
}

static void what_was_not_committed_is_made_again_once(void **state)
{
    struct fixture *f = *state;
    AUTO_FREE char *path = alloc_format("%s/stacks/shop/logs/login-1.commit", f->folder);
    AUTO_TEXT struct text before = { 0 };
    struct error err = { 0 };

    open_logs(f, NULL);
    open_writers(f);
    put(f->out, "a\n");
    logs_collect(f->logs, false);
    assert_int_equal(file_read(AT_FDCWD, path, 4096, &before, &err), 0);
    put(f->out, "b\nc");
    logs_collect(f->logs, false);
    logs_close(STEAL_PTR(f->logs));
    /* As if it was killed between the append and the commit. */
    assert_int_equal(
        file_replace(AT_FDCWD, path, before.data, before.length, FILE_VOLATILE(0600), &err), 0);
    open_logs(f, NULL);
    put(f->out, "\n");
    logs_collect(f->logs, false);
    expect_log(-1, "a|b|c|");
}

static void a_torn_line_of_an_earlier_boot_is_cut_off(void **state)
{
    struct fixture *f = *state;
    AUTO_FREE char *folder = alloc_format("%s/stacks/shop/logs", f->folder);
    AUTO_FREE char *path = alloc_format("%s/login-1.jsonl", folder);
    static const char torn[] = "{\"time\":\"2026-01-31T12:00:00.123Z\",\"log\":\"old\"}\n{\"tim";
    struct error err = { 0 };

    assert_int_equal(file_make_folders(folder, 0700, &err), 0);
    assert_int_equal(file_replace(AT_FDCWD, path, torn, strlen(torn), FILE_VOLATILE(0600), &err),
                     0);
    open_logs(f, NULL);
    open_writers(f);
    put(f->out, "new\n");
    logs_collect(f->logs, false);
    expect_log(-1, "old|new|");
}

static void files_rotate_and_the_oldest_goes(void **state)
{
    struct fixture *f = *state;
    AUTO_FREE char *path = alloc_format("%s/stacks/shop/logs/login-1.2.jsonl", f->folder);
    AUTO_FREE char *beyond = alloc_format("%s/stacks/shop/logs/login-1.3.jsonl", f->folder);
    struct stat status;

    open_logs(f, &small);
    open_writers(f);
    for (int i = 0; i < 40; i++) {
        char line[32];

        snprintf(line, sizeof(line), "line %d\n", i);
        put(f->out, line);
        logs_collect(f->logs, false);
    }
    assert_int_equal(stat(path, &status), 0);
    assert_true(status.st_size <= 600);
    assert_int_equal(stat(beyond, &status), -1);
    expect_log(3, "line 37|line 38|line 39|");
}

/* The bucket is empty after three records, and fills a byte a second. */
static void s31_of_a_flood_a_part_is_kept_and_the_log_says_so(void **state)
{
    static const struct logs_limits flooded = { .flood = { .burst_bytes = 200,
                                                           .bytes_a_second = 1 } };
    struct fixture *f = *state;

    open_logs(f, &flooded);
    open_writers(f);
    put(f->out, "one\ntwo\nthree\nhalf");
    logs_collect(f->logs, false);
    for (int i = 0; i < 1000; i++) {
        put(f->out, "this is dropped\n");
        logs_collect(f->logs, false);
    }
    expect_log(-1, "one|two|three|half...|"
                   "!carte: output is dropped, it is more than 1 bytes a second|");
    put(f->err_out, "and this\n");
    logs_collect(f->logs, true);
    expect_log(1, "!carte: 16009 bytes of output were dropped|");
}

static void s31_a_bucket_fills_with_time(void **state)
{
    struct log_flood flood = { .burst_bytes = 1000, .bytes_a_second = 100 };

    (void)state;
    assert_false(log_flood_decide(&flood, 50000));
    log_flood_spend(&flood, 999);
    assert_false(log_flood_decide(&flood, 50000));
    log_flood_spend(&flood, 1);
    assert_true(log_flood_decide(&flood, 50000));
    /* From then on until it is half full. */
    assert_true(log_flood_decide(&flood, 54999));
    assert_false(log_flood_decide(&flood, 55000));
    log_flood_spend(&flood, 500);
    assert_true(log_flood_decide(&flood, 55009));
    /* Nothing is lost to rounding, and a long time does no harm. */
    for (int64_t ms = 55010; ms < 60000; ms += 7)
        assert_true(log_flood_decide(&flood, ms));
    assert_false(log_flood_decide(&flood, 60000));
    assert_false(log_flood_decide(&flood, INT64_C(1) << 45));
    log_flood_spend(&flood, 1000);
    assert_true(log_flood_decide(&flood, INT64_C(1) << 45));
}

static void a_long_line_is_cut_into_parts(void **state)
{
    static const struct log_line_head head = { "T", "stdout" };
    AUTO_TEXT struct text out = { 0 };
    AUTO_FREE char *bytes = alloc_array(char, LOGS_LINE_MAX + 10);
    size_t used = 0;

    (void)state;
    memset(bytes, 'x', LOGS_LINE_MAX + 10);
    used = log_line_split(bytes, LOGS_LINE_MAX, false, &head, &out);
    assert_int_equal(used, 0);
    /* A sequence of two bytes lies across the cut. */
    bytes[LOGS_LINE_MAX - 1] = '\xc3';
    bytes[LOGS_LINE_MAX] = '\xa4';
    used = log_line_split(bytes, LOGS_LINE_MAX + 10, false, &head, &out);
    assert_int_equal(used, LOGS_LINE_MAX - 1);
    assert_true(text_ends_with(out.data, "xxx\",\"partial\":true}\n"));
}

static void what_is_no_text_is_made_text(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *text;
    } cases[] = {
        { "gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f" },
        { "a\xff"
          "b",
          3,
          "a\xef\xbf\xbd"
          "b" },
        { "\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
        { "\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80" },
        { "\xf0\x9f\x98", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
        { "\x1b[1m\t\r", 6, "\\u001b[1m\\u0009\\u000d" },
        { "a\0b", 3,
          "a\xef\xbf\xbd"
          "b" },
        { "C:\\", 3, "C:\\\\" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_TEXT struct text out = { 0 };
        AUTO_FREE char *expected =
            alloc_format("{\"time\":\"T\",\"stream\":\"stderr\",\"log\":\"%s\"}\n", cases[i].text);

        log_line_format(cases[i].bytes, cases[i].length, false,
                        &(struct log_line_head){ "T", "stderr" }, &out);
        assert_string_equal(out.data, expected);
    }
}

/* A collector that is killed at any time: every line comes once and whole. */
static void nothing_is_lost_or_doubled_by_kills(void **state)
{
    struct fixture *f = *state;
    AUTO_TEXT struct text expected = { 0 };
    int number = 0;

    open_logs(f, NULL);
    open_writers(f);
    logs_close(STEAL_PTR(f->logs));
    for (int kill_number = 0; kill_number < 30; kill_number++) {
        pid_t child = fork();

        if (child == 0) {
            open_logs(f, NULL);
            for (;;)
                logs_collect(f->logs, false);
        }
        for (int i = 0; i < 20 * kill_number; i++) {
            char line[32];

            snprintf(line, sizeof(line), "%d\n", number);
            text_add_format(&expected, "%d|", number++);
            /* In two writes, so that lines are torn in the pipe. */
            assert_int_equal(write(f->out, line, 1), 1);
            put(f->out, line + 1);
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
    open_logs(f, NULL);
    logs_collect(f->logs, false);
    expect_log(-1, text_get(&expected));
}

static void a_shared_log_ends_with_its_last_user(void **state)
{
    struct fixture *f = *state;
    AUTO_FREE char *pipe = alloc_format("%s/stacks/shop/logs/login-1.stdout", f->folder);
    struct logs *other = NULL;

    open_logs(f, NULL);
    open_writers(f);
    other = logs_share(f->logs);
    put(f->out, "old\n");
    logs_remove(other);
    assert_int_equal(access(pipe, F_OK), 0);
    put(f->out, "new\n");
    logs_collect(f->logs, false);
    logs_remove(STEAL_PTR(f->logs));
    assert_int_equal(access(pipe, F_OK), -1);
    expect_log(-1, "old|new|");
}

struct follower {
    struct fixture *f;
    struct text seen;
    int stop;
    int count;
};

/* Writes the next line whenever one was seen. */
static bool write_next(void *context, const struct log_reader_record *record)
{
    struct follower *follower = context;
    char line[32];

    add_record(&follower->seen, record);
    if (++follower->count == 30) {
        eventfd_write(follower->stop, 1);
        return true;
    }
    snprintf(line, sizeof(line), "%d\n", follower->count);
    put(follower->f->out, line);
    logs_collect(follower->f->logs, false);
    return true;
}

static void a_follower_sees_every_line_through_rotations(void **state)
{
    struct fixture *f = *state;
    struct follower follower = { .f = f, .stop = eventfd(0, EFD_CLOEXEC) };
    const struct log_reader_query query = {
        .project = "shop",
        .tail = -1,
        .follow = true,
        .stop_fd = follower.stop,
    };
    AUTO_TEXT struct text expected = { 0 };
    struct error err = { 0 };

    open_logs(f, &small);
    open_writers(f);
    put(f->out, "0\n");
    logs_collect(f->logs, false);
    assert_int_equal(log_reader_each(&query, write_next, &follower, &err), 0);
    for (int i = 0; i < 30; i++)
        text_add_format(&expected, "%d|", i);
    assert_string_equal(text_get(&follower.seen), expected.data);
    text_done(&follower.seen);
    close(follower.stop);
}

static void names_of_replicas_end_with_a_number(void **state)
{
    AUTO_FREE char *path = log_line_make_path("/x/my-web-12.jsonl", 2);

    (void)state;
    assert_int_equal(log_line_service_length("my-web-12"), strlen("my-web"));
    assert_int_equal(log_line_service_length("web"), 3);
    assert_string_equal(path, "/x/my-web-12.2.jsonl");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_become_records, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unfinished_line_waits_for_its_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(output_without_a_collector_waits_in_the_pipe, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_not_committed_is_made_again_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_torn_line_of_an_earlier_boot_is_cut_off, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(files_rotate_and_the_oldest_goes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(s31_of_a_flood_a_part_is_kept_and_the_log_says_so, set_up,
                                        tear_down),
        cmocka_unit_test(s31_a_bucket_fills_with_time),
        cmocka_unit_test(a_long_line_is_cut_into_parts),
        cmocka_unit_test(what_is_no_text_is_made_text),
        cmocka_unit_test_setup_teardown(nothing_is_lost_or_doubled_by_kills, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_shared_log_ends_with_its_last_user, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_follower_sees_every_line_through_rotations, set_up,
                                        tear_down),
        cmocka_unit_test(names_of_replicas_end_with_a_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
