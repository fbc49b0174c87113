/* SPDX-License-Identifier: MIT */

/*
 * From the replicas that are there to those that are wanted
 */

#include "supervise/update.h"

#include <stdlib.h>

#include "supervise/apply.h"
#include "supervise/crew.h"
#include "supervise/crew_state.h"
#include "supervise/replica.h"
#include "supervise/rollout.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/log.h"
#include "util/text.h"

/* The replicas of one service, as the crew has them and as rollout.h sees them. */
struct view {
    struct replica **replicas;
    struct rollout_replica *seen;
    bool *stop;
    size_t count, old_count;
};

static void view_done(struct view *view)
{
    free(view->replicas);
    free(view->seen);
    free(view->stop);
}

static enum rollout_phase find_phase(const struct replica *replica)
{
    switch (replica->record->state) {
    case REPLICA_RUNNING:
        if (replica->health.status == HEALTH_UNHEALTHY)
            return ROLLOUT_BROKEN;
        return replica->ready ? ROLLOUT_READY : ROLLOUT_STARTING;
    case REPLICA_COMPLETED:
        return ROLLOUT_READY;
    case REPLICA_ENDED:
    case REPLICA_BACKOFF:
    case REPLICA_FAILED:
    case REPLICA_FAILING:
        return ROLLOUT_BROKEN;
    case REPLICA_STOPPING:
    case REPLICA_CYCLING:
    case REPLICA_STOPPED:
    case REPLICA_WAITING:
    case REPLICA_STARTING:
    case REPLICA_STATE_COUNT:
        break;
    }
    return ROLLOUT_STARTING;
}

static void look(const struct crew *crew, const struct crew_service *service, struct view *out)
{
    size_t room = crew->replica_count + 1;

    *out = (struct view){ 0 };
    out->replicas = alloc_array(struct replica *, room);
    out->seen = alloc_array(struct rollout_replica, room);
    out->stop = alloc_array(bool, room);
    for (size_t i = 0; i < crew->replica_count; i++) {
        struct replica *replica = crew->replicas[i];
        struct rollout_replica *seen = &out->seen[out->count];

        if (!text_equal(replica->record->service, service->name))
            continue;
        seen->is_new = replica_is_current(replica, service);
        seen->index = replica->record->index;
        seen->phase = replica->record->leaving ? ROLLOUT_STOPPING : find_phase(replica);
        seen->ready_ms = replica->ready_changed_ms;
        seen->had_failed = replica->had_failed;
        out->old_count += !seen->is_new && !replica->record->leaving;
        out->replicas[out->count++] = replica;
    }
}

static void say(struct crew *crew, struct crew_service *service, const char *type, const char *text)
{
    if (text_equal(service->update_text, text))
        return;
    free(service->update_text);
    service->update_text = alloc_text(text);
    if (*text)
        events_emit(crew->events, type, service->name, NULL, "%s", text);
}

/* One replica of a name or an address that the file gives: the old one must go first. */
static bool must_stop_first(const struct service *service)
{
    if (service->container_name)
        return true;
    for (size_t i = 0; i < service->network_count; i++)
        if (service->networks[i].ipv4_address)
            return true;
    return false;
}

static int64_t pick_index(const struct crew *crew, const struct crew_service *service)
{
    struct view view;
    int64_t index;

    look(crew, service, &view);
    index = rollout_pick_index(view.seen, view.count, service->desired,
                               !must_stop_first(service->service));
    view_done(&view);
    return index;
}

static void add_replicas(struct crew *crew, struct crew_service *service, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        struct replica *replica = NULL;
        struct error err = { 0 };

        if (replica_add(crew, service, pick_index(crew, service), &replica, &err) < 0) {
            say(crew, service, "update_failed", err.text);
            service->update_at_ms = clock_now_ms() + SECOND_MS;
            return;
        }
        replica_want(replica, !service->stopped);
    }
}

static void leave(struct replica *replica)
{
    replica->record->leaving = true;
    crew_touch(replica->crew);
}

/* More of the wanted definition than are wanted: those with the highest index go. */
static size_t remove_surplus(const struct crew_service *service, const struct view *view)
{
    size_t current = 0;
    size_t left = 0;

    for (size_t i = 0; i < view->count; i++)
        current += view->seen[i].is_new;
    left = current > (size_t)service->desired ? current - (size_t)service->desired : 0;
    for (size_t n = left; n > 0; n--) {
        struct replica *highest = NULL;

        for (size_t i = 0; i < view->count; i++)
            if (view->seen[i].is_new && !view->replicas[i]->record->leaving &&
                (!highest || view->replicas[i]->record->index > highest->record->index))
                highest = view->replicas[i];
        if (highest)
            leave(highest);
    }
    return left;
}

static void finish(struct crew *crew, struct crew_service *service)
{
    if (!service->updating)
        return;
    service->updating = false;
    service->gone_failed = 0;
    say(crew, service, "update", "");
    events_emit(crew->events, "updated", service->name, NULL, "the update is complete");
}

/* The rule's reason, and what befell one of the new replicas. */
static char *describe_failure(const struct crew *crew, const struct crew_service *service,
                              const char *reason)
{
    for (size_t i = 0; i < crew->replica_count; i++) {
        const struct replica *replica = crew->replicas[i];

        if (text_equal(replica->record->service, service->name) && replica->had_failed &&
            !text_is_empty(replica->record->exit_text))
            return alloc_format("%s: %s", reason, replica->record->exit_text);
    }
    return alloc_text(reason);
}

/* What has no old replicas, or was there before, has nothing to go back to. */
static void fail(struct crew *crew, struct crew_service *service, const struct rollout_step *step)
{
    char *failure = NULL;

    if (!service->updating)
        return;
    failure = describe_failure(crew, service, step->reason);
    say(crew, service, "update_failed", failure);
    if (step->action != ROLLOUT_ROLLBACK || service->rolled_back || !apply_rollback(crew, service))
        service->paused = true;
    free(service->update_failure);
    service->update_failure = failure;
}

static void set_alarm(struct crew_service *service, int64_t until_ms)
{
    service->update_at_ms = until_ms == INT64_MAX ? 0 : until_ms;
}

static void carry_out(struct crew *crew, struct crew_service *service, struct view *view,
                      const struct rollout_step *step)
{
    switch (step->action) {
    case ROLLOUT_START:
        add_replicas(crew, service, step->count);
        break;
    case ROLLOUT_STOP:
        for (size_t i = 0; i < view->count; i++)
            if (view->stop[i])
                leave(view->replicas[i]);
        break;
    case ROLLOUT_WAIT:
        set_alarm(service, step->until_ms);
        if (service->updating)
            say(crew, service, "update", step->reason);
        break;
    case ROLLOUT_DONE:
        finish(crew, service);
        break;
    case ROLLOUT_PAUSE:
    case ROLLOUT_ROLLBACK:
        fail(crew, service, step);
        break;
    }
}

static void step_service(struct crew *crew, struct crew_service *service)
{
    struct service_update rules;
    struct rollout_step step = { 0 };
    struct view view;

    look(crew, service, &view);
    rules = service->rolled_back ? service->service->rollback : service->service->update;
    if (must_stop_first(service->service))
        rules.order = SERVICE_STOP_FIRST;
    if (view.old_count && !service->updating)
        service->updating = true;
    service->update_at_ms = 0;
    if (remove_surplus(service, &view) == 0) {
        struct rollout_input input = {
            .rules = &rules,
            .replicas = view.seen,
            .count = view.count,
            .desired = service->desired,
            .now_ms = clock_now_ms(),
            .gone_failed = service->gone_failed,
        };

        rollout_decide(&input, view.stop, &step);
        carry_out(crew, service, &view, &step);
    }
    view_done(&view);
}

/* What the present stack does not have any more leaves. */
static void step_removed(struct crew *crew, const struct crew_service *service)
{
    for (size_t i = 0; i < crew->replica_count; i++)
        if (text_equal(crew->replicas[i]->record->service, service->name) &&
            !crew->replicas[i]->record->leaving)
            leave(crew->replicas[i]);
}

void update_step(struct crew *crew)
{
    for (size_t i = 0; i < crew->service_count; i++) {
        struct crew_service *service = crew->services[i];

        if (service->removed)
            step_removed(crew, service);
        else if (!service->paused && service->service && service->image)
            step_service(crew, service);
    }
}

void update_begin(struct crew_service *service)
{
    service->paused = false;
    service->rolled_back = false;
    service->updating = false;
    service->gone_failed = 0;
    service->update_at_ms = 0;
    free(service->update_text);
    free(service->update_failure);
    service->update_text = service->update_failure = NULL;
}
