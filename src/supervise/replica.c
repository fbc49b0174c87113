/* SPDX-License-Identifier: MIT */

/*
 * Replicas: what happened becomes an event, the matrix says what to do, and it is done
 */

#include "supervise/replica.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "runtime/container.h"
#include "supervise/crew.h"
#include "supervise/crew_state.h"
#include "supervise/networks.h"
#include "supervise/plan.h"
#include "supervise/probe.h"
#include "supervise/replica_console.h"
#include "supervise/replica_exit.h"
#include "supervise/replica_pause.h"
#include "supervise/replica_place.h"
#include "supervise/replica_stop.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/log.h"

void replica_save(const struct replica *replica)
{
    AUTO_FREE char *folder = alloc_format("%s/replicas", replica->crew->run_folder);
    struct error err = { 0 };

    if (state_save_replica(folder, replica->record, &err) < 0)
        log_error("a replica was not recorded", LOG_TEXT("why", err.text));
}

void replica_set_waiting(struct replica *replica, const char *text)
{
    replica->is_blocked = false;
    if (text_equal(replica->waiting, text))
        return;
    free(replica->waiting);
    replica->waiting = alloc_text(text);
}

void replica_update_ready(struct replica *replica)
{
    bool ready =
        replica->record->state == REPLICA_RUNNING && !replica->draining && !replica->has_ended &&
        !replica->record->paused &&
        (replica->health.status == HEALTH_NONE || replica->health.status == HEALTH_HEALTHY);

    if (ready == replica->ready)
        return;
    replica->ready = ready;
    replica->ready_changed_ms = clock_now_ms();
    replica->crew->rules_stale = replica->crew->names_stale = true;
    crew_touch(replica->crew);
}

bool replica_is_current(const struct replica *replica, const struct crew_service *service)
{
    return !service->removed && service->image && !replica->record->leaving &&
           text_equal(replica->record->digest, service->digest) &&
           text_equal(replica->record->image, service->image->id);
}

bool replica_is_at_rest(const struct replica *replica)
{
    enum replica_state state = replica->record->state;

    return state == REPLICA_STOPPED || state == REPLICA_COMPLETED || state == REPLICA_FAILED;
}

static void arm(struct replica *replica, int64_t delay_ms)
{
    struct timeval delay = { .tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000 };

    evtimer_add(replica->timer, &delay);
}

static void note_started(struct replica *replica, const struct container_process *process)
{
    struct state_replica *record = replica->record;

    record->pid = process->pid;
    record->start_time = process->start_time;
    record->started_ms = clock_wall_ms();
    record->exit = STATE_EXIT_NONE;
    record->healthy = record->paused = false;
    free(record->exit_text);
    record->exit_text = NULL;
    replica->started_ms = clock_now_ms();
    replica->history.started_ms = replica->started_ms;
    replica->history.was_healthy = false;
    replica_exit_watch(replica, process->pidfd);
}

static void do_start(struct replica *replica)
{
    struct state_replica *record = replica->record;
    struct container_process process;
    struct error err = { 0 };

    replica_set_waiting(replica, NULL);
    replica->stop_timeout_ms = -1;
    if (replica_place_start(replica, &process, &err) < 0) {
        record->exit = STATE_EXIT_START;
        record->exit_code = err.code == ERROR_NOT_FOUND ? 127
                            : err.code == ERROR_DENIED  ? 126
                                                        : 125;
        free(record->exit_text);
        record->exit_text = alloc_text(err.text);
        record->ended_ms = clock_wall_ms();
        replica->exits++;
        replica->had_failed = true;
        replica_place_clear(replica);
        events_emit(replica->crew->events, "start_failed", record->service, record->name, "%s",
                    err.text);
        replica_handle(replica, REPLICA_START_FAILED);
        return;
    }
    note_started(replica, &process);
    replica_handle(replica, REPLICA_STARTED);
    events_emit(replica->crew->events, "started", record->service, record->name,
                "started with process id %d", (int)record->pid);
    metrics_reset(&replica->metrics);
    probe_begin(replica);
    replica_update_ready(replica);
}

static void carry_out_decision(struct replica *replica,
                               const struct restart_policy_decision *decision)
{
    struct state_replica *record = replica->record;
    struct crew_service *service = crew_find_service(replica->crew, record->service);
    enum replica_event event = REPLICA_POLICY_GAVE_UP;

    if (decision->verdict == RESTART_POLICY_RESTART) {
        restart_policy_record(&replica->history, &service->budget, decision, clock_now_ms());
        record->restarts++;
        replica->restart_at_ms = decision->at_ms;
        replica_set_waiting(replica, decision->reason);
        event = REPLICA_POLICY_RESTART;
    } else if (decision->verdict == RESTART_POLICY_COMPLETED) {
        event = REPLICA_POLICY_COMPLETED;
    }
    events_emit(replica->crew->events, decision->degraded ? "degraded" : "decided", record->service,
                record->name, "%s", decision->reason);
    replica_handle(replica, event);
}

static void do_decide(struct replica *replica)
{
    struct crew_service *service = crew_find_service(replica->crew, replica->record->service);
    struct restart_policy_decision decision = { 0 };
    struct restart_policy_input input = {
        .policy = &replica->service->restart,
        .history = &replica->history,
        .budget = &service->budget,
        .exit = replica_exit_kind(replica->record),
        .now_ms = clock_now_ms(),
    };

    if (getrandom(&input.random, sizeof(input.random), GRND_NONBLOCK) < 0)
        input.random = (uint32_t)clock_now_ns();
    replica->history.has_healthcheck = replica->check.probe != SERVICE_PROBE_NONE;
    restart_policy_decide(&input, &decision);
    carry_out_decision(replica, &decision);
}

static void do_back_off(struct replica *replica)
{
    arm(replica, MAX(replica->restart_at_ms - clock_now_ms(), 0));
}

static void do_rest(struct replica *replica)
{
    replica_set_waiting(replica, NULL);
    probe_end(replica);
}

static void do_await(struct replica *replica)
{
    crew_touch(replica->crew);
}

static void (*const actions[REPLICA_ACTION_COUNT])(struct replica *replica) = {
    [REPLICA_DO_AWAIT] = do_await,
    [REPLICA_DO_START] = do_start,
    [REPLICA_DO_STOP] = replica_stop_begin,
    [REPLICA_DO_KILL] = replica_stop_kill,
    [REPLICA_DO_DECIDE] = do_decide,
    [REPLICA_DO_BACK_OFF] = do_back_off,
    [REPLICA_DO_REST] = do_rest,
};

static bool is_ending(enum replica_state state)
{
    return state == REPLICA_STOPPING || state == REPLICA_CYCLING || state == REPLICA_FAILING;
}

void replica_handle(struct replica *replica, enum replica_event event)
{
    struct state_replica *record = replica->record;
    struct replica_step step;

    if (!replica_rules_decide(record->state, event, &step))
        log_error("an event that cannot happen", LOG_TEXT("replica", record->name),
                  LOG_TEXT("state", replica_rules_state_name(record->state)),
                  LOG_TEXT("event", replica_rules_event_name(event)));
    if (step.next != record->state) {
        /* Another wish about a replica that was asked to end does not give it more time. */
        if (!is_ending(record->state) || !is_ending(step.next)) {
            evtimer_del(replica->timer);
            replica->draining = false;
        }
        replica->since_ms = clock_now_ms();
        record->state = step.next;
        replica->crew->names_stale = true;
    }
    replica_save(replica);
    replica_update_ready(replica);
    if (actions[step.action])
        actions[step.action](replica);
    crew_touch(replica->crew);
}

void replica_want(struct replica *replica, bool wanted)
{
    if (replica->wanted == wanted)
        return;
    replica->wanted = wanted;
    replica_handle(replica, wanted ? REPLICA_WANTED_UP : REPLICA_WANTED_DOWN);
}

static void handle_timer(evutil_socket_t fd, short what, void *context)
{
    struct replica *replica = context;

    (void)fd;
    (void)what;
    if (replica->draining)
        replica_stop_drain(replica);
    else
        replica_handle(replica, REPLICA_TIMED_OUT);
}

static void handle_health_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    probe_tick(context);
}

/* The members that follow from the definition. */
static void set_definition(struct replica *replica, const struct crew_revision *revision,
                           const struct service *service, const struct image *image)
{
    static const struct image_config no_config = { 0 };
    const struct image_config *config = image ? &image->config : &no_config;

    replica->revision = revision;
    replica->service = service;
    replica->image = image;
    replica->stop_signal = plan_stop_signal(service, config);
    plan_healthcheck(service, config, &replica->check);
}

/* What a container is called, as of now. */
static char *make_name(const struct crew *crew, const struct service *service, int64_t index)
{
    return service->container_name && index == 1
               ? alloc_text(service->container_name)
               : alloc_format("%s-%s-%lld", crew->project, service->name, (long long)index);
}

/* Limits follow the file while the container runs; one that cannot be set counts from the next
 * start on. */
static void move_limits(struct replica *replica, const struct service *to)
{
    const struct container_limits limits = plan_limits(to);
    const struct container_limits before = plan_limits(replica->service);
    struct state_replica *record = replica->record;
    struct error err = { 0 };

    if (record->pid == 0 || memcmp(&limits, &before, sizeof(limits)) == 0)
        return;
    if (container_update(replica->crew->object_name, record->id, &limits, &err) < 0)
        events_emit(replica->crew->events, "limits_failed", record->service, record->name,
                    "the limits were not changed: %s", err.text);
    else
        events_emit(replica->crew->events, "limits", record->service, record->name,
                    "the limits were changed");
}

void replica_move(struct replica *replica, const struct crew_service *service)
{
    move_limits(replica, service->service);
    free(replica->record->name);
    replica->record->name = make_name(replica->crew, service->service, replica->record->index);
    strings_done(&replica->check.test);
    set_definition(replica, service->revision, service->service, service->image);
    replica->record->revision = service->revision->number;
    replica_save(replica);
}

static struct replica *make(struct crew *crew, struct state_replica *record)
{
    struct replica *replica = alloc_new(struct replica);

    replica->crew = crew;
    replica->record = record;
    replica->pidfd = replica->probe_fd = -1;
    replica->stop_timeout_ms = -1;
    replica->timer = evtimer_new(crew->base, handle_timer, replica);
    replica->health_timer = evtimer_new(crew->base, handle_health_timer, replica);
    replica->since_ms = replica->ready_changed_ms = clock_now_ms();
    return replica;
}

/* "login-1-17": of [a-z0-9-], at most 60 characters, and unique by its serial. */
static char *make_id(const struct state_replica *record)
{
    char name[32];
    size_t length = 0;

    for (const char *at = record->service; *at && length + 1 < sizeof(name); at++)
        name[length++] = isalnum((unsigned char)*at) ? (char)tolower((unsigned char)*at) : '-';
    name[length] = '\0';
    return alloc_format("%s-%lld-%llu", name, (long long)record->index,
                        (unsigned long long)record->serial);
}

static struct state_replica *make_record(struct crew *crew, const struct crew_service *service,
                                         int64_t index)
{
    struct state_replica *record = alloc_new(struct state_replica);

    record->service = alloc_text(service->name);
    record->index = index;
    record->serial = ++crew->serial;
    record->id = make_id(record);
    record->name = make_name(crew, service->service, record->index);
    record->revision = service->revision->number;
    record->digest = alloc_text(service->digest);
    record->image = alloc_text(service->image->id);
    record->created_ms = clock_wall_ms();
    record->state = REPLICA_STOPPED;
    return record;
}

int replica_add(struct crew *crew, struct crew_service *service, int64_t index,
                struct replica **out, struct error *err)
{
    struct replica *replica = make(crew, make_record(crew, service, index));

    set_definition(replica, service->revision, service->service, service->image);
    replica->is_awaited = service->awaited;
    service->awaited = false;
    if (networks_place(crew, replica, err) < 0 || crew_state_save(crew, err) < 0) {
        error_wrap(err, "replica '%s'", replica->record->name);
        networks_release(crew, &replica, 1);
        replica_free(replica);
        return -1;
    }
    *ALLOC_APPEND(crew->replicas, crew->replica_count) = replica;
    crew->askers_stale = true;
    replica_save(replica);
    *out = replica;
    return 0;
}

int replica_adopt(struct crew *crew, struct state_replica *record, struct error *err)
{
    struct replica *replica = make(crew, record);
    const struct crew_revision *revision = crew_find_revision(crew, record->revision, err);
    const struct service *service =
        revision ? stack_find_service(revision->stack, record->service) : NULL;
    const struct image *image = NULL;
    struct error missing = { 0 };

    if (!service) {
        replica->record = NULL;
        replica_free(replica);
        return err->code ? -1 : error_set(err, ERROR_NOT_FOUND, "its definition is gone");
    }
    if (crew_find_image(crew, record->image, &image, &missing) < 0)
        log_warn("an image is gone", LOG_TEXT("why", missing.text));
    set_definition(replica, revision, service, image);
    for (size_t i = 0; i < record->endpoint_count; i++) {
        struct crew_network *network = crew_find_network(crew, record->endpoints[i].network);
        struct error taken = { 0 };

        if (network && addrpool_take_given(&network->pool, record->endpoints[i].address, &taken))
            error_clear(&taken);
    }
    *ALLOC_APPEND(crew->replicas, crew->replica_count) = replica;
    return 0;
}

void replica_remove(struct replica *replica)
{
    struct crew *crew = replica->crew;

    for (size_t i = 0; i < crew->replica_count; i++) {
        if (crew->replicas[i] != replica)
            continue;
        memmove(&crew->replicas[i], &crew->replicas[i + 1],
                (crew->replica_count - i - 1) * sizeof(struct replica *));
        crew->replica_count--;
        break;
    }
    replica_place_destroy(replica);
    crew->names_stale = true;
    crew_touch(crew);
}

void replica_forget(struct replica *replica)
{
    replica_place_forget(replica);
    replica_free(replica);
}

void replica_free(struct replica *replica)
{
    struct event **events[] = { &replica->timer, &replica->health_timer, &replica->exit_event,
                                &replica->probe_event };

    probe_end(replica);
    replica_pause_leave(replica);
    replica_console_leave(replica);
    for (size_t i = 0; i < ARRAY_SIZE(events); i++)
        if (*events[i])
            event_free(*events[i]);
    if (replica->pidfd >= 0)
        close(replica->pidfd);
    if (replica->logs)
        logs_close(replica->logs);
    strings_done(&replica->check.test);
    free(replica->waiting);
    state_replica_free(replica->record);
    free(replica);
}
