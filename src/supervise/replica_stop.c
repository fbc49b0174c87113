/* SPDX-License-Identifier: MIT */

/*
 * Stopping a replica so that no request is refused
 */

#include "supervise/replica_stop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>

#include "runtime/container.h"
#include "supervise/crew.h"
#include "supervise/network_front.h"
#include "supervise/replica.h"
#include "supervise/replica_pause.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/log.h"

#define DRAIN_MAX_MS 2000
#define DRAIN_LOOK_MS 25
#define KILL_WAIT_MS 50
#define KILL_AGAIN_MS 2000
#define TABLE_LIMIT (4 * 1024 * 1024)

#define TCP_ESTABLISHED 1
#define TCP_LISTEN 10

static void arm(struct replica *replica, int64_t delay_ms)
{
    struct timeval delay = { .tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000 };

    evtimer_add(replica->timer, &delay);
}

/* Call `each` for every socket of a table of /proc/PID/net. */
static void each_socket(const char *table, uint8_t *listening, bool *busy)
{
    const char *line = strchr(table, '\n');

    while (line) {
        unsigned port = 0;
        unsigned state = 0;

        if (sscanf(line + 1, " %*d: %*[0-9A-Fa-f]:%4X %*[0-9A-Fa-f]:%*4X %2X", &port, &state) ==
            2) {
            if (state == TCP_LISTEN)
                listening[port / 8 % 8192] |= (uint8_t)(1 << port % 8);
            else if (state == TCP_ESTABLISHED && listening[port / 8 % 8192] & 1 << port % 8)
                *busy = true;
        }
        line = strchr(line + 1, '\n');
    }
}

/* Has the replica connections to a port on which it listens? Two passes: listeners come first. */
static bool has_connections(const struct replica *replica)
{
    static const char *const names[] = { "tcp", "tcp6" };
    AUTO_FREE uint8_t *listening = alloc_array(uint8_t, 8192);
    bool busy = false;

    for (size_t i = 0; i < 2 * ARRAY_SIZE(names); i++) {
        AUTO_FREE char *path = alloc_format("/proc/%d/net/%s", (int)replica->record->pid,
                                            names[i % ARRAY_SIZE(names)]);
        AUTO_TEXT struct text table = { 0 };
        struct error ignored = { 0 };

        if (file_read(AT_FDCWD, path, TABLE_LIMIT, &table, &ignored) < 0)
            continue;
        busy = false;
        each_socket(text_get(&table), listening, &busy);
        if (busy)
            return true;
    }
    return false;
}

static int64_t grace_ms(const struct replica *replica)
{
    return replica->stop_timeout_ms >= 0 ? replica->stop_timeout_ms
                                         : replica->service->stop_grace_period_ms;
}

static void send_signal(struct replica *replica)
{
    replica->draining = false;
    if (pidfd_send_signal(replica->pidfd, replica->stop_signal, NULL, 0) < 0 && errno != ESRCH)
        log_warn("a stop signal could not be sent", LOG_TEXT("replica", replica->record->name),
                 LOG_TEXT("why", strerror(errno)));
    arm(replica, grace_ms(replica));
}

/* Are there others to which new connections go meanwhile? */
static bool is_worth_draining(const struct replica *replica)
{
    if (replica->record->state == REPLICA_FAILING || replica->crew->ending ||
        replica->record->endpoint_count == 0)
        return false;
    for (size_t i = 0; i < replica->crew->replica_count; i++) {
        const struct replica *other = replica->crew->replicas[i];

        if (other != replica && other->ready &&
            text_equal(other->record->service, replica->record->service))
            return true;
    }
    return false;
}

/* What is paused can neither obey nor die. */
static void let_go_on(struct replica *replica)
{
    struct error err = { 0 };

    if (replica_pause_end(replica, &err) < 0)
        log_warn("a paused replica does not go on", LOG_TEXT("replica", replica->record->name),
                 LOG_TEXT("why", err.text));
}

void replica_stop_begin(struct replica *replica)
{
    let_go_on(replica);
    if (replica->pidfd < 0)
        return;
    if (!network_front_flush(replica->crew))
        log_warn("a replica is stopped while rules may lead to it",
                 LOG_TEXT("replica", replica->record->name));
    if (!is_worth_draining(replica)) {
        send_signal(replica);
        return;
    }
    replica->draining = true;
    replica->drain_until_ms = clock_now_ms() + MIN(grace_ms(replica), DRAIN_MAX_MS);
    arm(replica, DRAIN_LOOK_MS);
}

void replica_stop_drain(struct replica *replica)
{
    if (clock_now_ms() < replica->drain_until_ms && has_connections(replica)) {
        arm(replica, DRAIN_LOOK_MS);
        return;
    }
    send_signal(replica);
}

void replica_stop_kill(struct replica *replica)
{
    int64_t late_ms = clock_now_ms() - replica->since_ms - grace_ms(replica) - DRAIN_MAX_MS;
    struct error err = { 0 };

    /* Dying takes a moment, which the pidfd reports; it is odd only when it takes long. */
    if (container_kill_all(replica->crew->object_name, replica->record->id, KILL_WAIT_MS, &err) <
            0 &&
        late_ms > KILL_AGAIN_MS)
        log_warn("a replica does not die", LOG_TEXT("replica", replica->record->name),
                 LOG_TEXT("why", err.text));
    arm(replica, KILL_AGAIN_MS);
}
