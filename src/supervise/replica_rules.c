/* SPDX-License-Identifier: MIT */

/*
 * What becomes of a replica: the matrix
 *
 * A cell is written as TO(next state, action). An empty cell cannot happen; an event that is
 * to be ignored stays with NOTHING. Events that somebody sends without looking at the state (wishes
 * of the user, news of dependencies, of health and of timers that fired a moment ago) have a
 * cell everywhere; those that answer an action only where the action was done.
 */

#include "supervise/replica_rules.h"

#include <assert.h>
#include <stddef.h>

#include "util/text.h"

struct cell {
    bool possible;
    struct replica_step step;
};

#define TO(state_, action_)                        \
    {                                              \
        true,                                      \
        {                                          \
            REPLICA_##state_, REPLICA_DO_##action_ \
        }                                          \
    }

static const struct cell cells[REPLICA_STATE_COUNT][REPLICA_EVENT_COUNT] = {
    [REPLICA_STOPPED] = {
        [REPLICA_WANTED_UP] = TO(WAITING, AWAIT),
        [REPLICA_WANTED_DOWN] = TO(STOPPED, REST),
        [REPLICA_WANTED_AGAIN] = TO(WAITING, AWAIT),
        [REPLICA_DEPENDENCIES_READY] = TO(STOPPED, NOTHING),
        [REPLICA_UNHEALTHY] = TO(STOPPED, NOTHING),
        [REPLICA_TIMED_OUT] = TO(STOPPED, NOTHING),
    },
    [REPLICA_WAITING] = {
        [REPLICA_WANTED_UP] = TO(WAITING, AWAIT),
        [REPLICA_WANTED_DOWN] = TO(STOPPED, REST),
        [REPLICA_WANTED_AGAIN] = TO(WAITING, AWAIT),
        [REPLICA_DEPENDENCIES_READY] = TO(STARTING, START),
        [REPLICA_UNHEALTHY] = TO(WAITING, NOTHING),
        [REPLICA_TIMED_OUT] = TO(WAITING, AWAIT),
    },
    [REPLICA_STARTING] = {
        [REPLICA_WANTED_UP] = TO(STARTING, NOTHING),
        [REPLICA_WANTED_DOWN] = TO(STOPPING, STOP),
        [REPLICA_WANTED_AGAIN] = TO(STARTING, NOTHING),
        [REPLICA_DEPENDENCIES_READY] = TO(STARTING, NOTHING),
        [REPLICA_STARTED] = TO(RUNNING, NOTHING),
        [REPLICA_START_FAILED] = TO(ENDED, DECIDE),
        [REPLICA_EXITED] = TO(ENDED, DECIDE),
        [REPLICA_UNHEALTHY] = TO(STARTING, NOTHING),
        [REPLICA_TIMED_OUT] = TO(STARTING, NOTHING),
    },
    [REPLICA_RUNNING] = {
        [REPLICA_WANTED_UP] = TO(RUNNING, NOTHING),
        [REPLICA_WANTED_DOWN] = TO(STOPPING, STOP),
        [REPLICA_WANTED_AGAIN] = TO(CYCLING, STOP),
        [REPLICA_DEPENDENCIES_READY] = TO(RUNNING, NOTHING),
        [REPLICA_EXITED] = TO(ENDED, DECIDE),
        [REPLICA_UNHEALTHY] = TO(FAILING, STOP),
        [REPLICA_TIMED_OUT] = TO(RUNNING, NOTHING),
    },
    [REPLICA_STOPPING] = {
        [REPLICA_WANTED_UP] = TO(CYCLING, NOTHING),
        [REPLICA_WANTED_DOWN] = TO(STOPPING, NOTHING),
        [REPLICA_WANTED_AGAIN] = TO(CYCLING, NOTHING),
        [REPLICA_DEPENDENCIES_READY] = TO(STOPPING, NOTHING),
        [REPLICA_STARTED] = TO(STOPPING, STOP),
        [REPLICA_START_FAILED] = TO(STOPPED, REST),
        [REPLICA_EXITED] = TO(STOPPED, REST),
        [REPLICA_UNHEALTHY] = TO(STOPPING, NOTHING),
        [REPLICA_TIMED_OUT] = TO(STOPPING, KILL),
    },
    [REPLICA_CYCLING] = {
        [REPLICA_WANTED_UP] = TO(CYCLING, NOTHING),
        [REPLICA_WANTED_DOWN] = TO(STOPPING, NOTHING),
        [REPLICA_WANTED_AGAIN] = TO(CYCLING, NOTHING),
        [REPLICA_DEPENDENCIES_READY] = TO(CYCLING, NOTHING),
        [REPLICA_STARTED] = TO(CYCLING, STOP),
        [REPLICA_START_FAILED] = TO(WAITING, AWAIT),
        [REPLICA_EXITED] = TO(WAITING, AWAIT),
        [REPLICA_UNHEALTHY] = TO(CYCLING, NOTHING),
        [REPLICA_TIMED_OUT] = TO(CYCLING, KILL),
    },
    [REPLICA_FAILING] = {
        [REPLICA_WANTED_UP] = TO(FAILING, NOTHING),
        [REPLICA_WANTED_DOWN] = TO(STOPPING, NOTHING),
        [REPLICA_WANTED_AGAIN] = TO(CYCLING, NOTHING),
        [REPLICA_DEPENDENCIES_READY] = TO(FAILING, NOTHING),
        [REPLICA_EXITED] = TO(ENDED, DECIDE),
        [REPLICA_UNHEALTHY] = TO(FAILING, NOTHING),
        [REPLICA_TIMED_OUT] = TO(FAILING, KILL),
    },
    [REPLICA_ENDED] = {
        [REPLICA_WANTED_UP] = TO(ENDED, NOTHING),
        [REPLICA_WANTED_DOWN] = TO(STOPPED, REST),
        [REPLICA_WANTED_AGAIN] = TO(WAITING, AWAIT),
        [REPLICA_DEPENDENCIES_READY] = TO(ENDED, NOTHING),
        [REPLICA_POLICY_RESTART] = TO(BACKOFF, BACK_OFF),
        [REPLICA_POLICY_COMPLETED] = TO(COMPLETED, REST),
        [REPLICA_POLICY_GAVE_UP] = TO(FAILED, REST),
        [REPLICA_UNHEALTHY] = TO(ENDED, NOTHING),
        [REPLICA_TIMED_OUT] = TO(ENDED, NOTHING),
    },
    [REPLICA_BACKOFF] = {
        [REPLICA_WANTED_UP] = TO(BACKOFF, NOTHING),
        [REPLICA_WANTED_DOWN] = TO(STOPPED, REST),
        [REPLICA_WANTED_AGAIN] = TO(WAITING, AWAIT),
        [REPLICA_DEPENDENCIES_READY] = TO(BACKOFF, NOTHING),
        [REPLICA_UNHEALTHY] = TO(BACKOFF, NOTHING),
        [REPLICA_TIMED_OUT] = TO(STARTING, START),
    },
    [REPLICA_COMPLETED] = {
        [REPLICA_WANTED_UP] = TO(COMPLETED, NOTHING),
        [REPLICA_WANTED_DOWN] = TO(STOPPED, REST),
        [REPLICA_WANTED_AGAIN] = TO(WAITING, AWAIT),
        [REPLICA_DEPENDENCIES_READY] = TO(COMPLETED, NOTHING),
        [REPLICA_UNHEALTHY] = TO(COMPLETED, NOTHING),
        [REPLICA_TIMED_OUT] = TO(COMPLETED, NOTHING),
    },
    [REPLICA_FAILED] = {
        [REPLICA_WANTED_UP] = TO(FAILED, NOTHING),
        [REPLICA_WANTED_DOWN] = TO(STOPPED, REST),
        [REPLICA_WANTED_AGAIN] = TO(WAITING, AWAIT),
        [REPLICA_DEPENDENCIES_READY] = TO(FAILED, NOTHING),
        [REPLICA_UNHEALTHY] = TO(FAILED, NOTHING),
        [REPLICA_TIMED_OUT] = TO(FAILED, NOTHING),
    },
};

static const char *const state_names[REPLICA_STATE_COUNT] = {
    [REPLICA_STOPPED] = "stopped",   [REPLICA_WAITING] = "waiting",
    [REPLICA_STARTING] = "starting", [REPLICA_RUNNING] = "running",
    [REPLICA_STOPPING] = "stopping", [REPLICA_CYCLING] = "cycling",
    [REPLICA_FAILING] = "failing",   [REPLICA_ENDED] = "ended",
    [REPLICA_BACKOFF] = "backoff",   [REPLICA_COMPLETED] = "completed",
    [REPLICA_FAILED] = "failed",
};

static const char *const event_names[REPLICA_EVENT_COUNT] = {
    [REPLICA_WANTED_UP] = "wanted up",
    [REPLICA_WANTED_DOWN] = "wanted down",
    [REPLICA_WANTED_AGAIN] = "wanted again",
    [REPLICA_DEPENDENCIES_READY] = "dependencies ready",
    [REPLICA_STARTED] = "started",
    [REPLICA_START_FAILED] = "start failed",
    [REPLICA_EXITED] = "exited",
    [REPLICA_POLICY_RESTART] = "policy: restart",
    [REPLICA_POLICY_COMPLETED] = "policy: completed",
    [REPLICA_POLICY_GAVE_UP] = "policy: gave up",
    [REPLICA_UNHEALTHY] = "unhealthy",
    [REPLICA_TIMED_OUT] = "timed out",
};

static const char *const action_names[REPLICA_ACTION_COUNT] = {
    [REPLICA_DO_NOTHING] = "nothing",   [REPLICA_DO_AWAIT] = "await",
    [REPLICA_DO_START] = "start",       [REPLICA_DO_STOP] = "stop",
    [REPLICA_DO_KILL] = "kill",         [REPLICA_DO_DECIDE] = "decide",
    [REPLICA_DO_BACK_OFF] = "back off", [REPLICA_DO_REST] = "rest",
};

bool replica_rules_decide(enum replica_state state, enum replica_event event,
                          struct replica_step *out)
{
    assert(state < REPLICA_STATE_COUNT);
    assert(event < REPLICA_EVENT_COUNT);
    const struct cell *cell = &cells[state][event];

    if (!cell->possible) {
        *out = (struct replica_step){ state, REPLICA_DO_NOTHING };
        return false;
    }
    *out = cell->step;
    return true;
}

const char *replica_rules_state_name(enum replica_state state)
{
    assert(state < REPLICA_STATE_COUNT);
    return state_names[state];
}

const char *replica_rules_event_name(enum replica_event event)
{
    assert(event < REPLICA_EVENT_COUNT);
    return event_names[event];
}

const char *replica_rules_action_name(enum replica_action action)
{
    assert(action < REPLICA_ACTION_COUNT);
    return action_names[action];
}

bool replica_rules_find_state(const char *name, enum replica_state *out)
{
    for (size_t i = 0; i < REPLICA_STATE_COUNT; i++) {
        if (text_equal(name, state_names[i])) {
            *out = (enum replica_state)i;
            return true;
        }
    }
    return false;
}

bool replica_rules_is_alive(enum replica_state state)
{
    return state == REPLICA_STARTING || state == REPLICA_RUNNING || state == REPLICA_STOPPING ||
           state == REPLICA_CYCLING || state == REPLICA_FAILING;
}

static void format_row(enum replica_event event, struct text *out)
{
    text_add_format(out, "| %s |", event_names[event]);
    for (size_t state = 0; state < REPLICA_STATE_COUNT; state++) {
        const struct cell *cell = &cells[state][event];

        if (!cell->possible) {
            text_add(out, " |");
        } else if (cell->step.next == state && cell->step.action == REPLICA_DO_NOTHING) {
            text_add(out, " stay |");
        } else if (cell->step.action == REPLICA_DO_NOTHING) {
            text_add_format(out, " %s |", state_names[cell->step.next]);
        } else {
            text_add_format(out, " %s, *%s* |", state_names[cell->step.next],
                            action_names[cell->step.action]);
        }
    }
    text_add_char(out, '\n');
}

void replica_rules_format(struct text *out)
{
    text_add(out, "# What becomes of a replica\n\n"
                  "Columns are states, rows are events; a cell names the next state and, in\n"
                  "italics, what is done. An empty cell cannot happen. This page is printed from\n"
                  "the matrix in `src/supervise/replica_rules.c`; a unit test compares the two.\n\n"
                  "| event |");
    for (size_t state = 0; state < REPLICA_STATE_COUNT; state++)
        text_add_format(out, " %s |", state_names[state]);
    text_add(out, "\n|---|");
    for (size_t state = 0; state < REPLICA_STATE_COUNT; state++)
        text_add(out, "---|");
    text_add_char(out, '\n');
    for (size_t event = 0; event < REPLICA_EVENT_COUNT; event++)
        format_row((enum replica_event)event, out);
}
