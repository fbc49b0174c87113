/* SPDX-License-Identifier: MIT */

/*
 * Replicas: what happened becomes an event, the matrix says what to do, and it is done
 *
 * Every change of state goes through replica_handle(); the record on disk is written before
 * the effect.
 */

#pragma once

#include <stdint.h>

#include "supervise/replica_rules.h"
#include "util/macro.h"

struct crew;
struct crew_service;
struct error;
struct replica;
struct state_replica;

/* A new replica of `service` with the lowest free index, in state STOPPED. */
int replica_add(struct crew *crew, struct crew_service *service, struct replica **out,
                struct error *err) MUST_CHECK;

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

/* Remove it from the machine and from the crew. */
void replica_remove(struct replica *replica);

/* Forget it in memory only: the container runs on. */
void replica_free(struct replica *replica);
