/* SPDX-License-Identifier: MIT */

/*
 * What becomes of a replica: states x events
 *
 * Pure: one matrix says for each state and event what to do next and which state follows; the
 * effects are replica.c's. docs/reference/replica-states.md is printed from the matrix.
 *
 * Rules for the caller: set the state to `next`, save it, then do `action`. A replica has one
 * timer; whenever the state changes, or the action arms it again, the old one is cancelled.
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"
#include "util/text.h"

enum replica_state {
    REPLICA_STOPPED,   /* not wanted, or never started; nothing of it runs */
    REPLICA_WAITING,   /* wanted; its dependencies do not hold yet */
    REPLICA_STARTING,  /* the start is under way */
    REPLICA_RUNNING,   /* its program was executed and has not ended */
    REPLICA_STOPPING,  /* asked to end, not wanted any more */
    REPLICA_CYCLING,   /* asked to end, to be started again at once (`restart`) */
    REPLICA_FAILING,   /* unhealthy: asked to end; then the restart policy decides */
    REPLICA_ENDED,     /* has ended or failed to start; the restart policy decides now */
    REPLICA_BACKOFF,   /* starts again when its timer ends */
    REPLICA_COMPLETED, /* has ended as it should and stays so */
    REPLICA_FAILED,    /* has failed and the restart policy gave up */
    REPLICA_STATE_COUNT,
};

enum replica_event {
    REPLICA_WANTED_UP,          /* it is to run */
    REPLICA_WANTED_DOWN,        /* it is not to run */
    REPLICA_WANTED_AGAIN,       /* it is to end and to start again */
    REPLICA_DEPENDENCIES_READY, /* all conditions of depends_on hold (also with none) */
    REPLICA_STARTED,            /* container_start() succeeded, or a running one was adopted */
    REPLICA_START_FAILED,       /* it did not */
    REPLICA_EXITED,             /* its first process has ended */
    REPLICA_POLICY_RESTART,     /* restart_policy_decide() said: again, at a time */
    REPLICA_POLICY_COMPLETED,   /* it said: done */
    REPLICA_POLICY_GAVE_UP,     /* it said: no more */
    REPLICA_UNHEALTHY,          /* unhealthy, and on_unhealthy: restart (with a policy that may) */
    REPLICA_TIMED_OUT,          /* its timer ended */
    REPLICA_EVENT_COUNT,
};

enum replica_action {
    REPLICA_DO_NOTHING,
    REPLICA_DO_AWAIT,    /* look at the dependencies; DEPENDENCIES_READY follows when they hold */
    REPLICA_DO_START,    /* start it; STARTED or START_FAILED follows */
    REPLICA_DO_STOP,     /* out of rotation, stop signal, timer: stop_grace_period */
    REPLICA_DO_KILL,     /* kill all its processes, timer: a few seconds, then again */
    REPLICA_DO_DECIDE,   /* ask the restart policy; one of the POLICY events follows */
    REPLICA_DO_BACK_OFF, /* timer: until the time the restart policy gave */
    REPLICA_DO_REST,     /* it stays as it is: release what only a running one needs */
    REPLICA_ACTION_COUNT,
};

struct replica_step {
    enum replica_state next;
    enum replica_action action;
};

/*
 * The cell of the matrix. False: the event cannot happen in that state, which is a fault of the
 * program; *out then says stay and do nothing.
 */
bool replica_rules_decide(enum replica_state state, enum replica_event event,
                          struct replica_step *out) MUST_CHECK;

/* "running", "wanted down", "back off". */
const char *replica_rules_state_name(enum replica_state state);
const char *replica_rules_event_name(enum replica_event event);
const char *replica_rules_action_name(enum replica_action action);

/* The state with that name; false: there is none. For records that are read back. */
bool replica_rules_find_state(const char *name, enum replica_state *out) MUST_CHECK;

/* Does a process of the replica exist, or may it, in this state? */
bool replica_rules_is_alive(enum replica_state state);

/* The matrix as the text of docs/reference/replica-states.md. */
void replica_rules_format(struct text *out);
