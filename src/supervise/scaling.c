/* SPDX-License-Identifier: MIT */

/*
 * Each second: what replicas use, and how many there should be
 */

#include "supervise/scaling.h"

#include <stdlib.h>

#include "supervise/crew.h"
#include "supervise/crew_state.h"
#include "supervise/replica.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/log.h"
#include "util/text.h"

/* The share of the last samples that a decision looks at, bounded by the policy's period. */
#define WINDOW_MAX_MS (30 * SECOND_MS)

static void measure(struct crew *crew, struct replica *replica)
{
    struct metrics_base base;
    struct error ignored = { 0 };

    metrics_choose_base(&replica->service->limits, &replica->service->reservations, &crew->host,
                        &base);
    if (metrics_take(&replica->metrics, crew->object_name, replica->record->id, &base,
                     clock_now_ms(), &ignored) < 0)
        log_debug("a replica was not measured", LOG_TEXT("replica", replica->record->name));
}

static void describe(const struct replica *replica, int64_t window_ms,
                     struct autoscale_replica *out)
{
    struct metrics_sample sample;

    *out = (struct autoscale_replica){
        .running = replica->record->state == REPLICA_RUNNING,
        .ready = replica->ready,
        .started_ms = replica->started_ms,
        .ready_changed_ms = replica->ready_changed_ms,
        .percent_millis = { AUTOSCALE_NO_SAMPLE, AUTOSCALE_NO_SAMPLE },
    };
    if (!out->running || !metrics_average(&replica->metrics, clock_now_ms(), window_ms, &sample))
        return;
    out->sampled_ms = sample.at_ms;
    out->window_ms = sample.window_ms;
    out->percent_millis[AUTOSCALE_CPU] = sample.cpu_percent_millis;
    out->percent_millis[AUTOSCALE_MEMORY] = sample.memory_percent_millis;
}

static void carry_out(struct crew *crew, struct crew_service *service,
                      const struct autoscale_decision *decision)
{
    struct error err = { 0 };

    free(service->autoscale_text);
    service->autoscale_text = alloc_text(decision->reason);
    if (decision->desired == service->desired)
        return;
    events_emit(crew->events, "autoscaled", service->name, NULL, "from %lld to %lld replicas: %s",
                (long long)service->desired, (long long)decision->desired, decision->reason);
    service->desired = decision->desired;
    if (crew_state_save(crew, &err) < 0)
        log_error("the state could not be written", LOG_TEXT("why", err.text));
    crew_touch(crew);
}

static void decide(struct crew *crew, struct crew_service *service)
{
    const struct autoscale_policy *policy = &service->service->autoscale;
    AUTO_FREE struct autoscale_replica *replicas =
        alloc_array(struct autoscale_replica, crew->replica_count + 1);
    struct autoscale_decision decision = { 0 };
    struct autoscale_input input = {
        .now_ms = clock_now_ms(),
        .current = service->desired,
        .replicas = replicas,
        .host_max = metrics_host_room(&crew->host, &service->service->limits, service->desired),
    };

    for (size_t i = 0; i < crew->replica_count; i++) {
        const struct replica *replica = crew->replicas[i];

        if (text_equal(replica->record->service, service->name) && !replica->record->leaving)
            describe(replica, MIN(MAX(policy->period_ms, SECOND_MS), WINDOW_MAX_MS),
                     &replicas[input.replica_count++]);
    }
    autoscale_decide(policy, &input, &service->history, &decision);
    autoscale_record(&service->history, policy, &input, &decision);
    carry_out(crew, service, &decision);
}

static bool is_due(const struct crew_service *service, int64_t now_ms)
{
    return service->service && service->service->autoscale.enabled && !service->removed &&
           !service->stopped && !service->paused && now_ms >= service->autoscale_at_ms;
}

void scaling_tick(struct crew *crew)
{
    struct error ignored = { 0 };
    int64_t now_ms = clock_now_ms();

    if (crew->ending)
        return;
    for (size_t i = 0; i < crew->replica_count; i++)
        if (crew->replicas[i]->record->state == REPLICA_RUNNING)
            measure(crew, crew->replicas[i]);
    for (size_t i = 0; i < crew->service_count; i++) {
        struct crew_service *service = crew->services[i];

        if (!is_due(service, now_ms))
            continue;
        if (metrics_read_host(&crew->host, &ignored) < 0)
            error_clear(&ignored);
        decide(crew, service);
        service->autoscale_at_ms = now_ms + MAX(service->service->autoscale.period_ms, SECOND_MS);
    }
}
