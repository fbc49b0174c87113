/* SPDX-License-Identifier: MIT */

/*
 * Replicas: what happened becomes an event, the matrix says what to do, and it is done
 *
 * Every change of state goes through replica_handle(); the record on disk is written before
 * the effect.
 */

#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/service.h"
#include "supervise/health.h"
#include "supervise/logs.h"
#include "supervise/metrics.h"
#include "supervise/replica_rules.h"
#include "supervise/restart_policy.h"
#include "supervise/state.h"
#include "util/macro.h"

struct crew;
struct crew_revision;
struct crew_service;
struct error;
struct image;

/* One replica; its record is what is on disk. */
struct replica {
    struct crew *crew;
    struct state_replica *record;
    const struct crew_revision *revision;
    const struct service *service; /* in that revision */
    const struct image *image;
    int stop_signal;
    struct service_healthcheck check;
    bool wanted;
    bool ready;    /* may take part in rotation */
    bool draining; /* out of rotation, not signalled yet */
    bool had_failed;
    bool forget_flows;  /* once the rules do not lead to it any more */
    int last_exit_code; /* of the run before this one, for who asks late; with `exits` */
    uint64_t exits;     /* runs that have ended, or could not begin, in this supervisor's life */
    struct event *console_event; /* its console's end; its descriptor is a pidfd */
    bool is_awaited;             /* its first output waits for somebody who is about to attach */
    bool is_prepared;            /* namespace, files and volumes, in this life of the supervisor */
    int64_t since_ms;            /* in its state */
    int64_t drain_until_ms, started_ms, ready_changed_ms;
    int64_t restart_at_ms;   /* while backing off */
    int64_t stop_timeout_ms; /* that a command gave this run; -1: as the service says */
    char *waiting;           /* what it waits for, or NULL */
    bool is_blocked;         /* what it waits for has failed */
    int pidfd;               /* -1: no process */
    bool has_ended;          /* the process has, its status is not known yet */
    int64_t ended_until_ms;  /* then it is unknown for good */
    struct event *exit_event, *timer, *health_timer;
    struct health health;
    struct restart_policy_history history;
    pid_t probe_pid;
    int probe_fd; /* pidfd; -1: no probe is under way */
    struct event *probe_event;
    struct event *holder_event; /* the end of who has it paused; its descriptor is a pidfd */
    struct logs *logs;
    struct metrics metrics;
};

/*
 * A new replica of `service`, in state STOPPED. While an update replaces a replica, both have
 * the same index, name and log; all else is named from the id, which is never used twice.
 */
int replica_add(struct crew *crew, struct crew_service *service, int64_t index,
                struct replica **out, struct error *err) MUST_CHECK;

/* A replica that a record speaks of; the record belongs to it from then on. */
int replica_adopt(struct crew *crew, struct state_replica *record, struct error *err) MUST_CHECK;

/* Write its record; a failure is logged. */
void replica_save(const struct replica *replica);

void replica_handle(struct replica *replica, enum replica_event event);

/* Tell it what is wanted, if that is new. */
void replica_want(struct replica *replica, bool wanted);

/* Ready or not: a change makes the rules stale. */
void replica_update_ready(struct replica *replica);

/* Why it waits, for people; the text is copied, NULL: it does not. */
void replica_set_waiting(struct replica *replica, const char *text);

/* Is its definition the one its service is to have? */
bool replica_is_current(const struct replica *replica, const struct crew_service *service);

/* Its definition stays the same in the service's present revision: belong to that. */
void replica_move(struct replica *replica, const struct crew_service *service);

/* Does nothing of it run, nor is about to? */
bool replica_is_at_rest(const struct replica *replica);

/*
 * Remove it from the machine and from the crew; it keeps its addresses and its record until they
 * are given back (networks_release), which many do at once, and it is forgotten.
 */
void replica_remove(struct replica *replica);
void replica_forget(struct replica *replica);

/* Forget it in memory only: the container runs on. */
void replica_free(struct replica *replica);
