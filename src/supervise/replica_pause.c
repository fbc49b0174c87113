/* SPDX-License-Identifier: MIT */

/*
 * Pausing a replica: all its processes stop where they are
 */

#include "supervise/replica_pause.h"

#include <event2/event.h>
#include <unistd.h>

#include "runtime/container.h"
#include "supervise/crew.h"
#include "supervise/probe.h"
#include "supervise/replica.h"
#include "util/error.h"
#include "util/log.h"

#define FREEZE_TIMEOUT_MS 1000

/* The record comes first: a supervisor that dies in between is followed by one that knows. */
static void set_paused(struct replica *replica, bool paused)
{
    replica->record->paused = paused;
    replica_save(replica);
    replica_update_ready(replica);
    crew_touch(replica->crew);
}

static void handle_holder_end(evutil_socket_t fd, short what, void *context)
{
    struct replica *replica = context;
    struct error err = { 0 };

    (void)fd;
    (void)what;
    replica_pause_leave(replica);
    if (replica_pause_end(replica, &err) < 0)
        log_error("a paused replica does not go on", LOG_TEXT("replica", replica->record->name),
                  LOG_TEXT("why", err.text));
}

static int watch_holder(struct replica *replica, const struct replica_pause_holder *holder,
                        struct error *err)
{
    int pidfd = -1;

    if (container_open_process(holder->pid, holder->start_time, &pidfd, err) < 0)
        return -1;
    replica->holder_event =
        event_new(replica->crew->base, pidfd, EV_READ, handle_holder_end, replica);
    event_add(replica->holder_event, NULL);
    return 0;
}

void replica_pause_leave(struct replica *replica)
{
    if (!replica->holder_event)
        return;
    close(event_get_fd(replica->holder_event));
    event_free(replica->holder_event);
    replica->holder_event = NULL;
}

void replica_pause_take_up(struct replica *replica)
{
    const struct replica_pause_holder holder = { replica->record->pause_holder,
                                                 replica->record->pause_holder_start_time };
    struct error gone = { 0 };

    if (replica->record->paused && holder.pid > 0 && watch_holder(replica, &holder, &gone) < 0)
        handle_holder_end(-1, 0, replica);
}

static void set_holder(struct replica *replica, const struct replica_pause_holder *holder)
{
    replica->record->pause_holder = holder ? holder->pid : 0;
    replica->record->pause_holder_start_time = holder ? holder->start_time : 0;
}

static int freeze(struct replica *replica, struct error *err)
{
    /* A check under way would be stopped with the rest and never end. */
    probe_end(replica);
    set_paused(replica, true);
    if (container_freeze(replica->crew->object_name, replica->record->id, FREEZE_TIMEOUT_MS, err) ==
        0)
        return 0;
    set_paused(replica, false);
    probe_tick(replica);
    return error_wrap(err, "pause '%s'", replica->record->name);
}

int replica_pause_begin(struct replica *replica, const struct replica_pause_holder *holder,
                        struct error *err)
{
    struct state_replica *record = replica->record;

    if (record->state != REPLICA_RUNNING || record->paused)
        return error_set(err, ERROR_EXISTS, "'%s' %s", record->name,
                         record->paused ? "is paused already" : "is not running");
    /* One that has ended while it was paused may still have a holder. */
    replica_pause_leave(replica);
    set_holder(replica, holder);
    if (holder && watch_holder(replica, holder, err) < 0)
        return -1;
    if (freeze(replica, err) < 0) {
        replica_pause_leave(replica);
        return -1;
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
    replica_pause_leave(replica);
    set_holder(replica, NULL);
    set_paused(replica, false);
    probe_tick(replica);
    events_emit(replica->crew->events, "unpaused", record->service, record->name, "goes on");
    return 0;
}
