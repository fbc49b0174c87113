/* SPDX-License-Identifier: MIT */

/*
 * What an update does next
 *
 * The replicas are counted by kind, and each rule looks at the counts alone: so a supervisor
 * that comes back in the middle of an update decides as the one before would have.
 */

#include "supervise/rollout.h"

#include <stdio.h>
#include <stdlib.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/macro.h"
#include "util/parse.h"

struct counts {
    int64_t fresh;    /* new, not on their way out */
    int64_t ready;    /* of these */
    int64_t broken;   /* of these */
    int64_t old;      /* old, not on their way out */
    int64_t stopping; /* of either kind */
    int64_t failed;   /* new ones that failed at any time */
    int64_t ready_ms; /* when the last new one became ready */
};

static struct counts count(const struct rollout_input *input)
{
    struct counts counts = { .failed = (int64_t)input->gone_failed };

    for (size_t i = 0; i < input->count; i++) {
        const struct rollout_replica *replica = &input->replicas[i];

        counts.failed += replica->is_new && replica->had_failed;
        if (replica->phase == ROLLOUT_STOPPING) {
            counts.stopping++;
        } else if (!replica->is_new) {
            counts.old++;
        } else {
            counts.fresh++;
            counts.broken += replica->phase == ROLLOUT_BROKEN;
            counts.ready += replica->phase == ROLLOUT_READY;
            if (replica->phase == ROLLOUT_READY)
                counts.ready_ms = MAX(counts.ready_ms, replica->ready_ms);
        }
    }
    return counts;
}

static void set(struct rollout_step *step, enum rollout_action action, int64_t number,
                const char *reason)
{
    step->action = action;
    step->count = number;
    step->until_ms = INT64_MAX;
    snprintf(step->reason, sizeof(step->reason), "%s", reason);
}

/* Is a new replica of the same index ready? */
static bool is_replaced(const struct rollout_input *input, const struct rollout_replica *old)
{
    for (size_t i = 0; i < input->count; i++)
        if (input->replicas[i].is_new && input->replicas[i].phase == ROLLOUT_READY &&
            input->replicas[i].index == old->index)
            return true;
    return false;
}

/* 0: goes first. */
static int rank(const struct rollout_input *input, const struct rollout_replica *old)
{
    if (old->phase == ROLLOUT_BROKEN)
        return 0;
    return is_replaced(input, old) ? 1 : 2;
}

/* Mark `number` old replicas: by rank, then from the highest index down. */
static void mark(const struct rollout_input *input, int64_t number, bool *stop)
{
    for (int pass = 0; pass < 3; pass++) {
        for (size_t i = input->count; i > 0 && number > 0; i--) {
            const struct rollout_replica *replica = &input->replicas[i - 1];

            if (replica->is_new || replica->phase == ROLLOUT_STOPPING || stop[i - 1] ||
                rank(input, replica) != pass)
                continue;
            stop[i - 1] = true;
            number--;
        }
    }
}

static void stop_old(const struct rollout_input *input, int64_t number, const char *why, bool *stop,
                     struct rollout_step *out)
{
    mark(input, number, stop);
    set(out, ROLLOUT_STOP, number, why);
}

/* More than the tolerated share of new replicas has failed: false when all is well. */
static bool has_failed(const struct rollout_input *input, const struct counts *counts,
                       struct rollout_step *out)
{
    const struct service_update *rules = input->rules;
    int64_t tolerated = rules->max_failure_millis * input->desired / 1000;

    if (counts->failed == 0 || counts->failed <= tolerated ||
        rules->failure_action == SERVICE_FAILURE_CONTINUE)
        return false;
    set(out, rules->failure_action == SERVICE_FAILURE_ROLLBACK ? ROLLOUT_ROLLBACK : ROLLOUT_PAUSE,
        0, "");
    snprintf(out->reason, sizeof(out->reason), "%lld of %lld new replicas failed, %lld tolerated",
             (long long)counts->failed, (long long)input->desired, (long long)tolerated);
    return true;
}

/* Is it too early for the next batch? */
static bool must_wait(const struct rollout_input *input, const struct counts *counts,
                      struct rollout_step *out)
{
    int64_t until_ms = counts->ready_ms + input->rules->delay_ms;

    if (counts->ready == 0 || input->now_ms >= until_ms)
        return false;
    set(out, ROLLOUT_WAIT, 0, "delay between two batches");
    out->until_ms = until_ms;
    return true;
}

/* Replicas that may be moved at the same time, those on their way taken off. */
static int64_t batch(const struct rollout_input *input, int64_t on_their_way)
{
    int64_t parallelism = input->rules->parallelism;

    if (parallelism <= 0)
        return INT64_MAX;
    return MAX(parallelism - on_their_way, INT64_C(0));
}

static void start_first(const struct rollout_input *input, const struct counts *counts, bool *stop,
                        struct rollout_step *out)
{
    /* With CONTINUE the broken ones are the restart policy's and hold nobody up. */
    int64_t on_their_way = counts->fresh - counts->ready - counts->broken;
    int64_t superfluous = MIN(counts->old, counts->old + counts->ready - input->desired);
    int64_t missing = input->desired - counts->fresh;

    if (superfluous > 0) {
        stop_old(input, superfluous, "as many new replicas are ready", stop, out);
    } else if (on_their_way > 0 && batch(input, on_their_way) == 0) {
        set(out, ROLLOUT_WAIT, 0, "until the new replicas are ready");
    } else if (missing > 0 && (on_their_way > 0 || !must_wait(input, counts, out))) {
        set(out, ROLLOUT_START, MIN(missing, batch(input, on_their_way)), "start the next batch");
    } else if (missing <= 0) {
        set(out, ROLLOUT_WAIT, 0, "until the new replicas are ready");
    }
}

static void stop_first(const struct rollout_input *input, const struct counts *counts, bool *stop,
                       struct rollout_step *out)
{
    int64_t on_their_way = counts->fresh - counts->ready - counts->broken + counts->stopping;
    int64_t room = input->desired - counts->old - counts->fresh - counts->stopping;
    int64_t superfluous = counts->old + counts->fresh - input->desired;

    if (superfluous > 0 && counts->old > 0) {
        stop_old(input, MIN(superfluous, counts->old), "more replicas than wanted", stop, out);
    } else if (room > 0) {
        set(out, ROLLOUT_START, room, "in the place of stopped ones");
    } else if (batch(input, on_their_way) == 0) {
        set(out, ROLLOUT_WAIT, 0,
            counts->stopping > 0 ? "until the old replicas have ended"
                                 : "until the new replicas are ready");
    } else if (on_their_way > 0 || !must_wait(input, counts, out)) {
        stop_old(input, MIN(counts->old, batch(input, on_their_way)), "stop the next batch", stop,
                 out);
    }
}

/* Nothing old is left: what is missing is started at once. */
static void grow(const struct rollout_input *input, const struct counts *counts,
                 struct rollout_step *out)
{
    int64_t missing = input->desired - counts->fresh;

    if (input->rules->order == SERVICE_STOP_FIRST)
        missing -= counts->stopping;
    if (missing > 0) {
        set(out, ROLLOUT_START, missing, "nothing runs that must be replaced");
    } else {
        set(out, ROLLOUT_WAIT, 0, "until the new replicas are ready");
    }
}

/* All are new and ready: watch them for a while. */
static void finish(const struct rollout_input *input, const struct counts *counts,
                   struct rollout_step *out)
{
    int64_t until_ms = counts->ready_ms + input->rules->monitor_ms;

    if (counts->stopping > 0) {
        set(out, ROLLOUT_WAIT, 0, "until the old replicas have ended");
    } else if (counts->ready > 0 && input->now_ms < until_ms) {
        set(out, ROLLOUT_WAIT, 0, "watch the new replicas");
        out->until_ms = until_ms;
    } else {
        set(out, ROLLOUT_DONE, 0, "all replicas are new and ready");
    }
}

void rollout_decide(const struct rollout_input *input, bool *stop, struct rollout_step *out)
{
    struct counts counts = count(input);

    for (size_t i = 0; i < input->count; i++)
        stop[i] = false;
    *out = (struct rollout_step){ .action = ROLLOUT_WAIT, .until_ms = INT64_MAX };
    if (has_failed(input, &counts, out))
        return;
    if (counts.old > 0 && input->rules->order == SERVICE_START_FIRST) {
        start_first(input, &counts, stop, out);
    } else if (counts.old > 0) {
        stop_first(input, &counts, stop, out);
    } else if (counts.ready >= input->desired) {
        finish(input, &counts, out);
    } else {
        grow(input, &counts, out);
    }
}

enum holder { HELD_BY_NOBODY, HELD_BY_OLD, HELD_BY_NEW };

int64_t rollout_pick_index(const struct rollout_replica *replicas, size_t count, int64_t desired,
                           bool may_share)
{
    int64_t last = (int64_t)count + 1; /* one of so many is free */
    AUTO_FREE enum holder *held = alloc_array(enum holder, count + 2);
    int64_t index = 1;

    for (size_t i = 0; i < count; i++)
        if (replicas[i].index >= 1 && replicas[i].index <= last)
            held[replicas[i].index] =
                MAX(held[replicas[i].index], replicas[i].is_new ? HELD_BY_NEW : HELD_BY_OLD);
    while (held[index] != HELD_BY_NOBODY)
        index++;
    if (index <= desired || !may_share)
        return index;
    index = 1;
    while (held[index] == HELD_BY_NEW)
        index++;
    return index;
}
