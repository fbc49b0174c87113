/* SPDX-License-Identifier: MIT */

/*
 * Taking over from a supervisor that died
 */

#include "supervise/adopt.h"

#include <stdlib.h>

#include "runtime/container.h"
#include "supervise/apply.h"
#include "supervise/crew.h"
#include "supervise/crew_state.h"
#include "supervise/networks.h"
#include "supervise/networks_shared.h"
#include "supervise/probe.h"
#include "supervise/replica.h"
#include "supervise/replica_exit.h"
#include "supervise/replica_pause.h"
#include "supervise/replica_place.h"
#include "supervise/replica_stop.h"
#include "supervise/sweep.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/log.h"

/* Lines that were written meanwhile wait in the replica's pipes. */
static void take_up_log(struct replica *replica)
{
    struct error err = { 0 };

    if (replica_place_open_logs(replica, &err) < 0)
        log_error("a log was not taken up", LOG_TEXT("replica", replica->record->name),
                  LOG_TEXT("why", err.text));
}

/* What was healthy is so until a check says otherwise: it stays in rotation. */
static void take_up_health(struct replica *replica)
{
    bool was_healthy = replica->record->healthy;

    health_begin(&replica->health, &replica->check, clock_now_ms());
    if (was_healthy && replica->health.status == HEALTH_STARTING) {
        replica->health.status = HEALTH_HEALTHY;
        replica->health.succeeded = true;
        replica->history.was_healthy = true;
    }
    probe_tick(replica);
}

static void adopt_alive(struct replica *replica, int pidfd)
{
    enum replica_state state = replica->record->state;

    replica->started_ms = clock_now_ms();
    replica->history.started_ms = replica->started_ms;
    replica->wanted = state != REPLICA_STOPPING;
    take_up_log(replica);
    replica_exit_watch(replica, pidfd);
    replica_pause_take_up(replica);
    if (state == REPLICA_RUNNING)
        take_up_health(replica);
    replica_update_ready(replica);
}

/* Once it is known who serves on: their drain and their time to stop begin anew. */
static void stop_again(struct crew *crew)
{
    for (size_t i = 0; i < crew->replica_count; i++) {
        struct replica *replica = crew->replicas[i];

        if (replica->pidfd >= 0 && replica->record->state != REPLICA_RUNNING)
            replica_stop_begin(replica);
    }
}

/* It ended while nobody looked. The keeper has recorded it by now, if it knows how. */
static void adopt_ended(struct replica *replica)
{
    replica->wanted = replica->record->state != REPLICA_STOPPING;
    take_up_log(replica);
    replica->has_ended = true;
    replica->ended_until_ms = clock_now_ms();
}

/* No process is recorded: what the old supervisor was about to do is done again. */
static void adopt_idle(struct replica *replica)
{
    struct state_replica *record = replica->record;

    replica->wanted = record->state != REPLICA_STOPPED && record->state != REPLICA_STOPPING;
    switch (record->state) {
    case REPLICA_STOPPED:
    case REPLICA_WAITING:
    case REPLICA_COMPLETED:
    case REPLICA_FAILED:
        return;
    case REPLICA_STOPPING:
        record->state = REPLICA_STOPPED;
        break;
    case REPLICA_STARTING:
    case REPLICA_RUNNING:
    case REPLICA_CYCLING:
    case REPLICA_FAILING:
    case REPLICA_ENDED:
    case REPLICA_BACKOFF:
    case REPLICA_STATE_COUNT:
        record->state = REPLICA_WAITING;
        break;
    }
    replica_place_clear(replica);
}

static void adopt_replica(struct replica *replica)
{
    struct state_replica *record = replica->record;
    struct error err = { 0 };
    int pidfd = -1;

    if (record->pid == 0)
        adopt_idle(replica);
    else if (container_open_process(record->pid, record->start_time, &pidfd, &err) == 0)
        adopt_alive(replica, pidfd);
    else
        adopt_ended(replica);
}

static int adopt_records(struct crew *crew, struct error *err)
{
    AUTO_FREE char *folder = alloc_format("%s/replicas", crew->run_folder);
    struct state_replica **records = NULL;
    size_t count = 0;

    if (state_load_replicas(folder, &records, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct error why = { 0 };

        crew->serial = MAX(crew->serial, records[i]->serial);
        if (replica_adopt(crew, records[i], &why) == 0)
            continue;
        log_error("a replica cannot be adopted", LOG_TEXT("replica", records[i]->name),
                  LOG_TEXT("why", why.text));
        state_remove_replica(folder, records[i]);
        state_replica_free(records[i]);
    }
    count = 0;
    for (size_t i = 0; i < crew->replica_count; i++)
        records[count++] = crew->replicas[i]->record;
    sweep_unknown(crew->project, records, count);
    free(records);
    return 0;
}

int adopt_all(struct crew *crew, struct error *err)
{
    if (crew_state_load(crew, err) < 0)
        return -1;
    apply_resume(crew);
    if (adopt_records(crew, err) < 0)
        return -1;
    if (networks_shared_settle(crew, err) < 0 || networks_apply(crew, err) < 0)
        return -1;
    for (size_t i = 0; i < crew->replica_count; i++)
        adopt_replica(crew->replicas[i]);
    stop_again(crew);
    if (crew->replica_count)
        events_emit(crew->events, "adopted", NULL, NULL, "a new supervisor took over %zu replicas",
                    crew->replica_count);
    crew_touch(crew);
    return 0;
}
