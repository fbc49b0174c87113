/* SPDX-License-Identifier: MIT */

/*
 * Health checks: commands run in a replica's container
 */

#include "supervise/probe.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/container.h"
#include "supervise/crew.h"
#include "supervise/plan.h"
#include "supervise/replica.h"
#include "supervise/replica_place.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/log.h"

static void set_timer(struct replica *replica, int64_t at_ms)
{
    int64_t delay_ms = at_ms - clock_now_ms();
    struct timeval delay = { 0 };

    if (at_ms == HEALTH_NEVER) {
        evtimer_del(replica->health_timer);
        return;
    }
    if (delay_ms > 0) {
        delay.tv_sec = delay_ms / 1000;
        delay.tv_usec = delay_ms % 1000 * 1000;
    }
    evtimer_add(replica->health_timer, &delay);
}

static void note_result(struct replica *replica, bool ok)
{
    if (!health_probe_ended(&replica->health, &replica->check, ok, clock_now_ms()))
        return;
    events_emit(replica->crew->events, "health", replica->record->service, replica->record->name,
                "%s", health_status_name(replica->health.status));
    if (replica->health.status == HEALTH_HEALTHY)
        replica->history.was_healthy = true;
    replica->record->healthy = replica->health.status == HEALTH_HEALTHY;
    replica_save(replica);
    replica_update_ready(replica);
    if (replica->health.status != HEALTH_UNHEALTHY)
        return;
    replica->had_failed = true;
    if (replica->service->on_unhealthy == SERVICE_UNHEALTHY_REPLACE)
        replica->record->leaving = true;
    else if (replica->service->on_unhealthy == SERVICE_UNHEALTHY_RESTART &&
             replica->service->restart.condition != SERVICE_RESTART_NO &&
             replica->record->state == REPLICA_RUNNING)
        replica_handle(replica, REPLICA_UNHEALTHY);
    crew_touch(replica->crew);
}

/* Reap the command; returns whether it said "healthy". */
static bool reap(struct replica *replica)
{
    int status = 0;
    pid_t pid = waitpid(replica->probe_pid, &status, 0);

    if (replica->probe_event)
        event_free(replica->probe_event);
    replica->probe_event = NULL;
    close(replica->probe_fd);
    replica->probe_fd = -1;
    replica->probe_pid = 0;
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void handle_probe_exit(evutil_socket_t fd, short what, void *context)
{
    struct replica *replica = context;
    bool ok = reap(replica);

    (void)fd;
    (void)what;
    note_result(replica, ok);
    probe_tick(replica);
}

static int execute(struct replica *replica, struct container_process *out, struct error *err)
{
    AUTO(plan) struct plan *plan = NULL;
    struct container_exec_spec spec = {
        .id = replica->record->id,
        .cgroup_parent = replica->crew->object_name,
        .pid = replica->record->pid,
        .start_time = replica->record->start_time,
        .program = { .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1 },
    };
    int result = 0;

    if (replica_place_plan(replica, &plan, err) < 0)
        return -1;
    if (replica->check.probe == SERVICE_PROBE_SHELL) {
        strings_add(&spec.program.args, "/bin/sh");
        strings_add(&spec.program.args, "-c");
    }
    for (size_t i = 0; i < replica->check.test.count; i++)
        strings_add(&spec.program.args, replica->check.test.items[i]);
    spec.program.env = plan->spec.program.env;
    spec.program.cwd = plan->spec.program.cwd;
    spec.program.user = plan->spec.program.user;
    spec.program.oom_score_adj = plan->spec.program.oom_score_adj;
    spec.program.capabilities = plan->spec.program.capabilities;
    spec.program.allow_new_privileges = plan->spec.program.allow_new_privileges;
    spec.program.privileged = plan->spec.program.privileged;
    spec.program.seccomp_unconfined = plan->spec.program.seccomp_unconfined;
    result = container_exec(&spec, out, err);
    strings_done(&spec.program.args);
    return result;
}

static void start(struct replica *replica)
{
    struct container_process process;
    struct error err = { 0 };

    health_probe_began(&replica->health, clock_now_ms());
    if (execute(replica, &process, &err) < 0) {
        log_debug("a health check could not be run", LOG_TEXT("replica", replica->record->name),
                  LOG_TEXT("why", err.text));
        note_result(replica, false);
        return;
    }
    replica->probe_pid = process.pid;
    replica->probe_fd = process.pidfd;
    replica->probe_event =
        event_new(replica->crew->base, process.pidfd, EV_READ, handle_probe_exit, replica);
    event_add(replica->probe_event, NULL);
}

/* A killed command is reaped at once: it is our child and does not survive SIGKILL. */
static void kill_command(struct replica *replica)
{
    if (replica->probe_fd < 0)
        return;
    if (pidfd_send_signal(replica->probe_fd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
        log_debug("a health check was not killed", LOG_TEXT("replica", replica->record->name));
    (void)reap(replica);
}

void probe_begin(struct replica *replica)
{
    health_begin(&replica->health, &replica->check, clock_now_ms());
    probe_tick(replica);
}

void probe_tick(struct replica *replica)
{
    int64_t at_ms = HEALTH_NEVER;

    if (replica->record->state != REPLICA_RUNNING || replica->record->paused)
        return;
    switch (health_decide(&replica->health, &replica->check, clock_now_ms(), &at_ms)) {
    case HEALTH_PROBE:
        start(replica);
        break;
    case HEALTH_ABORT:
        kill_command(replica);
        note_result(replica, false);
        break;
    case HEALTH_WAIT:
        set_timer(replica, at_ms);
        return;
    }
    /* What comes next is decided in a turn of the loop of its own. */
    if (replica->record->state == REPLICA_RUNNING)
        set_timer(replica, clock_now_ms());
}

void probe_end(struct replica *replica)
{
    kill_command(replica);
    if (replica->health_timer)
        evtimer_del(replica->health_timer);
}
