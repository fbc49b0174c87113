/* SPDX-License-Identifier: MIT */

/*
 * What an update does next
 *
 * Pure: (rules, replicas old and new, now) -> next step with its reason. Old replicas are those
 * whose definition is not the wanted one. Each step moves at most `parallelism` replicas
 * (0: all): start-first starts new ones, waits until they are ready, then stops as many old
 * ones; stop-first the other way round. Between two batches lies `delay`; after the last new
 * replica became ready the update is watched for `monitor`. When more than the tolerated share
 * of new replicas fails, the failure action is taken.
 *
 * With no old replica at all this is also the first start and the growth of a service.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/service.h"

enum rollout_phase {
    ROLLOUT_STARTING, /* wanted, not ready yet */
    ROLLOUT_READY,    /* running, and healthy where there is a check; completed counts too */
    ROLLOUT_BROKEN,   /* ended, unhealthy or given up since it started; restarts included */
    ROLLOUT_STOPPING, /* on its way out */
};

struct rollout_replica {
    bool is_new;
    int64_t index;
    enum rollout_phase phase;
    int64_t ready_ms; /* since when, in phase READY */
    bool had_failed;  /* at any time since the update began: a restart does not mend that */
};

struct rollout_input {
    const struct service_update *rules;
    const struct rollout_replica *replicas; /* in order of their index */
    size_t count;
    int64_t desired; /* replicas at the end */
    int64_t now_ms;
    size_t gone_failed; /* new replicas that failed and were removed meanwhile */
};

enum rollout_action {
    ROLLOUT_START,    /* `count` new replicas */
    ROLLOUT_STOP,     /* the old replicas marked in `stop` */
    ROLLOUT_WAIT,     /* until until_ms, or for a change (INT64_MAX) */
    ROLLOUT_DONE,     /* all new, all watched */
    ROLLOUT_PAUSE,    /* failed: leave everything as it is until the user acts */
    ROLLOUT_ROLLBACK, /* failed: go back to the last revision */
};

struct rollout_step {
    enum rollout_action action;
    int64_t count;
    int64_t until_ms;
    char reason[160];
};

/*
 * Decide the next step. `stop` has room for input->count marks, all written: true for the old
 * replicas to stop (broken ones first, then those whose successor is ready, then those with the
 * highest index).
 */
void rollout_decide(const struct rollout_input *input, bool *stop, struct rollout_step *out);

/*
 * The index of the next new replica: one that nobody has, if the service is to have so many;
 * else, where indexes `may_share`, that of a replica which it is to replace.
 */
int64_t rollout_pick_index(const struct rollout_replica *replicas, size_t count, int64_t desired,
                           bool may_share);
