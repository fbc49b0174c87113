/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervise/events.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"

struct fixture {
    char folder[32];
    char *path;
    struct events *events;
};

static int set_up(void **state)
{
    struct fixture *f = alloc_new(struct fixture);
    struct error err = { 0 };

    strcpy(f->folder, "/tmp/carte-events.XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    f->path = alloc_format("%s/events.jsonl", f->folder);
    *state = f;
    return events_open(f->path, 1000, &f->events, &err);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    struct error err = { 0 };

    events_close(f->events);
    if (file_remove_tree(AT_FDCWD, f->folder, &err) < 0)
        return -1;
    free(f->path);
    free(f);
    return 0;
}

static void reopen(struct fixture *f)
{
    struct error err = { 0 };

    events_close(STEAL_PTR(f->events));
    assert_int_equal(events_open(f->path, 1000, &f->events, &err), 0);
}

struct seen {
    size_t count;
    int64_t first, last;
    char text[64];
};

static void see(void *context, const struct json *event, const char *line)
{
    struct seen *seen = context;

    assert_true(line[0] == '{');
    seen->last = json_find_int(event, "seq", 0);
    if (seen->count++ == 0)
        seen->first = seen->last;
    snprintf(seen->text, sizeof(seen->text), "%s", json_find_text(event, "text", ""));
}

static void numbers_go_on_after_a_restart(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(events_emit(f->events, "replica_started", "login", "login-1", "pid %d", 7), 1);
    assert_int_equal(events_emit(f->events, "scaled", "login", NULL, "to 3"), 2);
    reopen(f);
    assert_int_equal(events_last(f->events), 2);
    assert_int_equal(events_emit(f->events, "scaled", NULL, NULL, "again"), 3);
}

static void subscribers_are_told_until_they_leave(void **state)
{
    struct fixture *f = *state;
    struct seen seen = { 0 };
    uint64_t token = events_subscribe(f->events, see, &seen);

    assert_true(token != 0);
    events_emit(f->events, "a", NULL, NULL, "\"quoted\" and\nlong");
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.text, "\"quoted\" and\nlong");
    events_unsubscribe(f->events, token);
    events_emit(f->events, "b", NULL, NULL, "unseen");
    assert_int_equal(seen.count, 1);
}

static void places_for_subscribers_are_limited(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < EVENTS_SUBSCRIBERS_MAX; i++)
        assert_true(events_subscribe(f->events, see, NULL) != 0);
    assert_int_equal(events_subscribe(f->events, see, NULL), 0);
}

static void members_of_the_caller_are_kept(void **state)
{
    struct fixture *f = *state;
    struct json *members = json_new_object();
    AUTO_TEXT struct text text = { 0 };
    struct error err = { 0 };

    json_set_int(members, "exit_code", 137);
    events_emit_json(f->events, "replica_exited", members);
    assert_int_equal(file_read(AT_FDCWD, f->path, 1000, &text, &err), 0);
    assert_non_null(strstr(text.data, "\"type\":\"replica_exited\",\"exit_code\":137}\n"));
}

static void events_are_read_back_by_number_across_a_rotation(void **state)
{
    struct fixture *f = *state;
    struct error err = { 0 };
    struct seen seen = { 0 };
    struct stat status;

    for (int i = 0; i < 15; i++)
        events_emit(f->events, "tick", "service", NULL, "number %d", i);
    assert_int_equal(stat(f->path, &status), 0);
    assert_true(status.st_size <= 1000);
    assert_int_equal(events_replay(f->events, 9, see, &seen, &err), 0);
    assert_int_equal(seen.first, 10);
    assert_int_equal(seen.last, 15);
    assert_int_equal(seen.count, 6);
    reopen(f);
    assert_int_equal(events_last(f->events), 15);
}

static void a_torn_line_is_cut_off(void **state)
{
    struct fixture *f = *state;
    struct error err = { 0 };
    struct seen seen = { 0 };
    int fd = -1;

    events_emit(f->events, "a", NULL, NULL, "whole");
    fd = open(f->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "{\"seq\":2,\"ti", 12), 12);
    close(fd);
    reopen(f);
    assert_int_equal(events_emit(f->events, "b", NULL, NULL, "next"), 2);
    assert_int_equal(events_replay(f->events, 0, see, &seen, &err), 0);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.text, "next");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_go_on_after_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(subscribers_are_told_until_they_leave, set_up, tear_down),
        cmocka_unit_test_setup_teardown(places_for_subscribers_are_limited, set_up, tear_down),
        cmocka_unit_test_setup_teardown(members_of_the_caller_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(events_are_read_back_by_number_across_a_rotation, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_torn_line_is_cut_off, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
