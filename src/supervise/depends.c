/* SPDX-License-Identifier: MIT */

/*
 * depends_on: who waits for whom, when starting and when stopping
 */

#include "supervise/depends.h"

#include <stdlib.h>

#include "supervise/crew.h"
#include "supervise/replica.h"
#include "supervise/replica_host.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/text.h"

/* After so long the wait is worth an event; it goes on, because what is missing may come. */
#define REMIND_MS (5 * MINUTE_MS)

struct tally {
    size_t all, started, ready, completed, failed, sick;
};

/* Unhealthy, and the supervisor leaves it at that. */
static bool is_sick(const struct replica *replica)
{
    return replica->record->state == REPLICA_RUNNING && replica->health.status == HEALTH_UNHEALTHY;
}

static struct tally count_replicas(const struct crew *crew, const char *service)
{
    struct tally tally = { 0 };

    for (size_t i = 0; i < crew->replica_count; i++) {
        const struct replica *replica = crew->replicas[i];
        enum replica_state state = replica->record->state;

        if (!text_equal(replica->record->service, service) || replica->record->leaving)
            continue;
        tally.all++;
        tally.started += state == REPLICA_RUNNING || state == REPLICA_COMPLETED;
        tally.ready += replica->ready;
        tally.completed += state == REPLICA_COMPLETED;
        tally.failed += state == REPLICA_FAILED;
        tally.sick += is_sick(replica);
    }
    return tally;
}

/*
 * What is missing, as text that the caller frees; NULL: the condition holds. *is_blocked tells
 * that it does not come by itself any more.
 */
static char *find_missing(const struct crew *crew, const struct service_dependency *dependency,
                          bool *is_blocked)
{
    const struct crew_service *service = crew_find_service(crew, dependency->service);
    struct tally tally = count_replicas(crew, dependency->service);
    const char *name = dependency->service;

    if (!service || service->removed)
        return dependency->required ? alloc_format("service '%s', which is not there", name) : NULL;
    if (service->desired == 0)
        return NULL;
    *is_blocked = tally.all > 0 && tally.failed == tally.all;
    if (*is_blocked)
        return alloc_format("service '%s', which failed", name);
    switch (dependency->condition) {
    case SERVICE_STARTED:
        return tally.started ? NULL : alloc_format("service '%s' to start", name);
    case SERVICE_HEALTHY:
        *is_blocked = tally.all > 0 && tally.sick == tally.all;
        return tally.ready ? NULL
                           : alloc_format(*is_blocked ? "service '%s', which is unhealthy"
                                                      : "service '%s' to become healthy",
                                          name);
    case SERVICE_COMPLETED:
        break;
    }
    return tally.completed && tally.completed == tally.all
               ? NULL
               : alloc_format("service '%s' to complete", name);
}

static void remind(const struct crew *crew, struct replica *replica)
{
    if (clock_now_ms() - replica->since_ms < REMIND_MS)
        return;
    replica->since_ms = clock_now_ms();
    events_emit(crew->events, "waiting", replica->record->service, replica->record->name,
                "still waits for %s", replica->waiting);
}

bool depends_are_met(const struct crew *crew, struct replica *replica)
{
    for (size_t i = 0; i < replica->service->dependency_count; i++) {
        bool is_blocked = false;
        AUTO_FREE char *missing = find_missing(crew, &replica->service->depends_on[i], &is_blocked);

        if (!missing)
            continue;
        replica_set_waiting(replica, missing);
        replica->is_blocked = is_blocked;
        remind(crew, replica);
        return false;
    }
    if (stack_find_joined(replica->service) && !replica_host_find(crew, replica)) {
        AUTO_FREE char *missing =
            alloc_format("the network of service '%s'", stack_find_joined(replica->service));

        replica_set_waiting(replica, missing);
        remind(crew, replica);
        return false;
    }
    replica_set_waiting(replica, NULL);
    return true;
}

static bool depends_on(const struct service *service, const char *other)
{
    for (size_t i = 0; i < service->dependency_count; i++)
        if (text_equal(service->depends_on[i].service, other))
            return true;
    return false;
}

bool depends_must_outlive(const struct crew *crew, const struct replica *replica)
{
    if (!crew->ending)
        return false;
    for (size_t i = 0; i < crew->replica_count; i++) {
        const struct replica *other = crew->replicas[i];

        if (!replica_is_at_rest(other) && depends_on(other->service, replica->record->service))
            return true;
    }
    return false;
}
