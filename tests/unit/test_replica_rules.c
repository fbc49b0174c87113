/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "supervise/replica_rules.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

/* Follow events from a state; each must be possible. */
static enum replica_state follow(enum replica_state state, const enum replica_event *events,
                                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct replica_step step;

        assert_true(replica_rules_decide(state, events[i], &step));
        state = step.next;
    }
    return state;
}

/*
 * The page in docs/ is the expected matrix: a change of a cell must change the page too. With
 * CARTE_GENERATE set the page is written instead.
 */
static void matrix_is_what_the_reference_says(void **state)
{
    static const char path[] = "docs/reference/replica-states.md";
    AUTO_TEXT struct text printed = { 0 };
    AUTO_TEXT struct text page = { 0 };
    struct error err = { 0 };

    (void)state;
    replica_rules_format(&printed);
    if (getenv("CARTE_GENERATE")) {
        assert_int_equal(file_make_folders("docs/reference", 0755, &err), 0);
        assert_int_equal(
            file_replace(AT_FDCWD, path, printed.data, printed.length, FILE_VOLATILE(0644), &err),
            0);
    }
    if (file_read(AT_FDCWD, path, 1 << 20, &page, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(text_get(&page), printed.data);
}

static void every_cell_is_in_bounds(void **state)
{
    (void)state;
    for (int s = 0; s < REPLICA_STATE_COUNT; s++) {
        for (int e = 0; e < REPLICA_EVENT_COUNT; e++) {
            struct replica_step step;
            bool possible =
                replica_rules_decide((enum replica_state)s, (enum replica_event)e, &step);

            assert_true(step.next < REPLICA_STATE_COUNT);
            assert_true(step.action < REPLICA_ACTION_COUNT);
            if (!possible) {
                assert_int_equal(step.next, s);
                assert_int_equal(step.action, REPLICA_DO_NOTHING);
            }
        }
    }
}

static void wishes_are_possible_in_every_state(void **state)
{
    static const enum replica_event wishes[] = {
        REPLICA_WANTED_UP,          REPLICA_WANTED_DOWN, REPLICA_WANTED_AGAIN,
        REPLICA_DEPENDENCIES_READY, REPLICA_UNHEALTHY,   REPLICA_TIMED_OUT,
    };

    (void)state;
    for (int s = 0; s < REPLICA_STATE_COUNT; s++) {
        for (size_t w = 0; w < ARRAY_SIZE(wishes); w++) {
            struct replica_step step;

            assert_true(replica_rules_decide((enum replica_state)s, wishes[w], &step));
        }
    }
}

static void what_is_not_wanted_comes_to_rest(void **state)
{
    (void)state;
    for (int s = 0; s < REPLICA_STATE_COUNT; s++) {
        struct replica_step step;

        assert_true(replica_rules_decide((enum replica_state)s, REPLICA_WANTED_DOWN, &step));
        if (replica_rules_is_alive((enum replica_state)s)) {
            assert_int_equal(step.next, REPLICA_STOPPING);
            assert_true(replica_rules_decide(step.next, REPLICA_EXITED, &step));
        }
        assert_int_equal(step.next, REPLICA_STOPPED);
        assert_int_equal(step.action, REPLICA_DO_REST);
    }
}

static void a_replica_that_will_not_stop_is_killed(void **state)
{
    struct replica_step step;

    (void)state;
    assert_true(replica_rules_decide(REPLICA_STOPPING, REPLICA_TIMED_OUT, &step));
    assert_int_equal(step.action, REPLICA_DO_KILL);
    assert_int_equal(step.next, REPLICA_STOPPING);
}

static void an_unhealthy_replica_starts_again(void **state)
{
    static const enum replica_event events[] = {
        REPLICA_WANTED_UP, REPLICA_DEPENDENCIES_READY, REPLICA_STARTED,   REPLICA_UNHEALTHY,
        REPLICA_EXITED,    REPLICA_POLICY_RESTART,     REPLICA_TIMED_OUT, REPLICA_STARTED,
    };

    (void)state;
    assert_int_equal(follow(REPLICA_STOPPED, events, ARRAY_SIZE(events)), REPLICA_RUNNING);
    assert_int_equal(follow(REPLICA_STOPPED, events, 4), REPLICA_FAILING);
    assert_int_equal(follow(REPLICA_STOPPED, events, 6), REPLICA_BACKOFF);
}

static void a_wish_that_changes_while_stopping_is_kept(void **state)
{
    static const enum replica_event events[] = { REPLICA_WANTED_DOWN, REPLICA_WANTED_UP,
                                                 REPLICA_EXITED };

    (void)state;
    assert_int_equal(follow(REPLICA_RUNNING, events, ARRAY_SIZE(events)), REPLICA_WAITING);
}

static void an_answer_nobody_asked_for_is_a_fault(void **state)
{
    struct replica_step step;

    (void)state;
    assert_false(replica_rules_decide(REPLICA_STOPPED, REPLICA_EXITED, &step));
    assert_false(replica_rules_decide(REPLICA_RUNNING, REPLICA_STARTED, &step));
    assert_false(replica_rules_decide(REPLICA_RUNNING, REPLICA_POLICY_RESTART, &step));
}

static void names_are_found_again(void **state)
{
    enum replica_state found = REPLICA_STOPPED;

    (void)state;
    for (int s = 0; s < REPLICA_STATE_COUNT; s++) {
        assert_true(
            replica_rules_find_state(replica_rules_state_name((enum replica_state)s), &found));
        assert_int_equal(found, s);
    }
    assert_false(replica_rules_find_state("lost", &found));
    assert_string_equal(replica_rules_event_name(REPLICA_TIMED_OUT), "timed out");
    assert_string_equal(replica_rules_action_name(REPLICA_DO_BACK_OFF), "back off");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matrix_is_what_the_reference_says),
        cmocka_unit_test(every_cell_is_in_bounds),
        cmocka_unit_test(wishes_are_possible_in_every_state),
        cmocka_unit_test(what_is_not_wanted_comes_to_rest),
        cmocka_unit_test(a_replica_that_will_not_stop_is_killed),
        cmocka_unit_test(an_unhealthy_replica_starts_again),
        cmocka_unit_test(a_wish_that_changes_while_stopping_is_kept),
        cmocka_unit_test(an_answer_nobody_asked_for_is_a_fault),
        cmocka_unit_test(names_are_found_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
