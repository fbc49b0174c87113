/* SPDX-License-Identifier: MIT */

/*
 * Pausing a replica: all its processes stop where they are
 */

#include "supervise/replica_pause.h"

#include "runtime/container.h"
#include "supervise/crew.h"
#include "supervise/probe.h"
#include "supervise/replica.h"
#include "util/error.h"

#define FREEZE_TIMEOUT_MS 1000

/* The record comes first: a supervisor that dies in between is followed by one that knows. */
static void set_paused(struct replica *replica, bool paused)
{
    replica->record->paused = paused;
    replica_save(replica);
    replica_update_ready(replica);
    crew_touch(replica->crew);
}

int replica_pause_begin(struct replica *replica, struct error *err)
{
    struct state_replica *record = replica->record;

    if (record->state != REPLICA_RUNNING || record->paused)
        return error_set(err, ERROR_EXISTS, "'%s' %s", record->name,
                         record->paused ? "is paused already" : "is not running");
    /* A check under way would be stopped with the rest and never end. */
    probe_end(replica);
    set_paused(replica, true);
    if (container_freeze(replica->crew->object_name, record->id, FREEZE_TIMEOUT_MS, err) < 0) {
        set_paused(replica, false);
        probe_tick(replica);
        return error_wrap(err, "pause '%s'", record->name);
    }
    events_emit(replica->crew->events, "paused", record->service, record->name, "paused");
    return 0;
}

int replica_pause_end(struct replica *replica, struct error *err)
{
    struct state_replica *record = replica->record;

    if (!record->paused)
        return 0;
    if (container_thaw(replica->crew->object_name, record->id, err) < 0)
        return error_wrap(err, "let '%s' go on", record->name);
    set_paused(replica, false);
    probe_tick(replica);
    events_emit(replica->crew->events, "unpaused", record->service, record->name, "goes on");
    return 0;
}
