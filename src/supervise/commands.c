/* SPDX-License-Identifier: MIT */

/*
 * What the commands of the control API do to the crew
 */

#include "supervise/commands.h"

#include <stdlib.h>
#include <string.h>

#include "supervise/apply.h"
#include "supervise/control_server.h"
#include "supervise/crew.h"
#include "supervise/crew_state.h"
#include "supervise/keeper.h"
#include "supervise/networks.h"
#include "supervise/replica.h"
#include "supervise/replica_pause.h"
#include "supervise/status.h"
#include "supervise/sweep.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/log.h"
#include "util/text.h"

#define SCALE_MAX 10000

static void save_or_log(struct crew *crew)
{
    struct error err = { 0 };

    if (crew_state_save(crew, &err) < 0)
        log_error("the state could not be written", LOG_TEXT("why", err.text));
}

static void answer_stack(void *context, struct control_server_request *request,
                         const struct json *body)
{
    (void)body;
    control_server_answer(request, status_format(context));
}

static void apply(void *context, struct control_server_request *request, const struct json *body)
{
    struct crew *crew = context;
    AUTO_STRINGS struct strings only = { 0 };
    const struct json *chosen = json_find(body, "only");
    struct apply_options options = {
        .force = json_find_bool(body, "force_recreate", false),
        .only = chosen ? &only : NULL,
        .created = json_find_bool(body, "created", false),
        .awaited = json_find_bool(body, "awaited", false),
    };
    bool done = crew->is_new && !options.force && !chosen && apply_is_current(crew);
    struct error err = { 0 };

    crew->is_new = false;
    for (const struct json *item = json_first(chosen); item; item = json_next(item))
        strings_add(&only, json_get_text(item, ""));
    if (!done && apply_current(crew, &options, &err) < 0)
        control_server_refuse(request, &err);
    else
        control_server_answer(request, NULL);
}

/* Every count is checked before the first is set. */
static int check_count(const struct crew *crew, const struct json *item, struct error *err)
{
    const struct crew_service *service = crew_find_service(crew, json_key(item));
    int64_t count = json_get_int(item, -1);
    const struct autoscale_policy *policy = NULL;

    if (!service || service->removed || !service->service)
        return error_set(err, ERROR_NOT_FOUND, "there is no service '%s' in stack '%s'",
                         json_key(item), crew->project);
    if (count < 0 || count > SCALE_MAX)
        return error_set(err, ERROR_INVALID, "the count of service '%s' must be from 0 to %d",
                         service->name, SCALE_MAX);
    policy = &service->service->autoscale;
    if (policy->enabled && (count < policy->min || count > policy->max))
        return error_set(err, ERROR_INVALID,
                         "service '%s' scales between %lld and %lld: give a count within, or "
                         "change 'autoscale' in the stack file",
                         service->name, (long long)policy->min, (long long)policy->max);
    return 0;
}

static void set_count(struct crew *crew, const struct json *item)
{
    struct crew_service *service = crew_find_service(crew, json_key(item));
    int64_t count = json_get_int(item, 0);

    autoscale_record_manual(&service->history, clock_now_ms(), service->desired, count);
    events_emit(crew->events, "scaled", service->name, NULL, "from %lld to %lld replicas by hand",
                (long long)service->desired, (long long)count);
    service->desired = count;
    service->paused = false;
}

static void scale(void *context, struct control_server_request *request, const struct json *body)
{
    struct crew *crew = context;
    const struct json *services = json_find(body, "services");
    struct error err = { 0 };

    for (const struct json *item = json_first(services); item; item = json_next(item)) {
        if (check_count(crew, item, &err) == 0)
            continue;
        control_server_refuse(request, &err);
        return;
    }
    for (const struct json *item = json_first(services); item; item = json_next(item))
        set_count(crew, item);
    save_or_log(crew);
    crew_touch(crew);
    control_server_answer(request, NULL);
}

/* Names of services, NULL-ended; NULL for all. ERROR_NOT_FOUND names one that is not there. */
static int read_services(const struct crew *crew, const struct json *body, char ***out,
                         struct error *err)
{
    const struct json *array = json_find(body, "services");
    struct strings names = { 0 };

    *out = NULL;
    for (const struct json *item = json_first(array); item; item = json_next(item)) {
        const char *name = json_get_text(item, "");

        if (!crew_find_service(crew, name)) {
            strings_done(&names);
            return error_set(err, ERROR_NOT_FOUND, "there is no service '%s' in stack '%s'", name,
                             crew->project);
        }
        strings_add(&names, name);
    }
    *out = names.items;
    return 0;
}

static bool is_named(char **names, const char *name)
{
    if (!names)
        return true;
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static void free_names(char **names)
{
    for (char **at = names; at && *at; at++)
        free(*at);
    free(names);
}

/* Answer when all replicas of the services are at rest. */
static void wait_for_rest(struct crew *crew, struct control_server_request *request, char **names)
{
    struct crew_wait *wait = ALLOC_APPEND(crew->waits, crew->wait_count);

    wait->request = request;
    wait->services = names;
    crew_touch(crew);
}

static void set_stopped(struct crew *crew, char **names, bool stopped)
{
    for (size_t i = 0; i < crew->service_count; i++)
        if (is_named(names, crew->services[i]->name))
            crew->services[i]->stopped = stopped;
    save_or_log(crew);
}

/* The time that a command gives for stopping counts for what it names only. */
static void set_stop_timeout(struct crew *crew, char **names, const struct json *body)
{
    for (size_t i = 0; i < crew->replica_count; i++)
        if (is_named(names, crew->replicas[i]->record->service))
            crew->replicas[i]->stop_timeout_ms = json_find_int(body, "timeout_ms", -1);
}

/* A second stop without any time hurries those that are stopping already. */
static void hurry(struct crew *crew, char **names)
{
    for (size_t i = 0; i < crew->replica_count; i++) {
        struct replica *replica = crew->replicas[i];

        if (is_named(names, replica->record->service) && replica->stop_timeout_ms == 0 &&
            replica->record->state == REPLICA_STOPPING)
            replica_handle(replica, REPLICA_TIMED_OUT);
    }
}

static void stop(void *context, struct control_server_request *request, const struct json *body)
{
    struct crew *crew = context;
    char **names = NULL;
    struct error err = { 0 };

    if (read_services(crew, body, &names, &err) < 0) {
        control_server_refuse(request, &err);
        return;
    }
    set_stop_timeout(crew, names, body);
    hurry(crew, names);
    set_stopped(crew, names, true);
    wait_for_rest(crew, request, names);
}

static bool is_over(enum replica_state state)
{
    return state == REPLICA_COMPLETED || state == REPLICA_FAILED;
}

/* Bring the services up, also those whose replicas have ended. */
static void bring_up(struct crew *crew, char **names)
{
    set_stopped(crew, names, false);
    for (size_t i = 0; i < crew->replica_count; i++) {
        struct replica *replica = crew->replicas[i];

        if (!is_named(names, replica->record->service) || !is_over(replica->record->state))
            continue;
        restart_policy_reset(&replica->history);
        replica_handle(replica, REPLICA_WANTED_AGAIN);
    }
    crew_touch(crew);
}

static void start(void *context, struct control_server_request *request, const struct json *body)
{
    struct crew *crew = context;
    char **names = NULL;
    struct error err = { 0 };

    if (read_services(crew, body, &names, &err) < 0) {
        control_server_refuse(request, &err);
        return;
    }
    bring_up(crew, names);
    free_names(names);
    control_server_answer(request, NULL);
}

static struct replica *find_replica(const struct crew *crew, const char *service)
{
    for (size_t i = 0; i < crew->replica_count; i++)
        if (text_equal(crew->replicas[i]->record->service, service) &&
            !crew->replicas[i]->record->leaving)
            return crew->replicas[i];
    return NULL;
}

static void answer_exit(struct control_server_request *request, const struct replica *replica)
{
    struct json *json = json_new_object();

    status_format_exit(replica->record, json);
    control_server_answer(request, json);
}

static void wait_for_exit(void *context, struct control_server_request *request,
                          const struct json *body)
{
    struct crew *crew = context;
    const char *name = json_find_text(body, "service", "");
    const struct replica *replica = find_replica(crew, name);
    struct strings services = { 0 };
    struct crew_wait *wait = NULL;
    struct error err = { 0 };

    if (!crew_find_service(crew, name)) {
        error_set(&err, ERROR_NOT_FOUND, "there is no service '%s' in stack '%s'", name,
                  crew->project);
        control_server_refuse(request, &err);
        return;
    }
    if (replica && !json_find_bool(body, "next", false) && replica_is_at_rest(replica) &&
        replica->record->exit != STATE_EXIT_NONE) {
        answer_exit(request, replica);
        return;
    }
    strings_add(&services, name);
    wait = ALLOC_APPEND(crew->waits, crew->wait_count);
    *wait = (struct crew_wait){
        .request = request,
        .services = services.items,
        .for_exit = true,
        .for_start = json_find_bool(body, "started", false),
        .exits = replica ? replica->exits : 0,
    };
    if (json_find_bool(body, "start", false))
        bring_up(crew, wait->services);
}

static void restart(void *context, struct control_server_request *request, const struct json *body)
{
    struct crew *crew = context;
    char **names = NULL;
    struct error err = { 0 };

    if (read_services(crew, body, &names, &err) < 0) {
        control_server_refuse(request, &err);
        return;
    }
    set_stop_timeout(crew, names, body);
    set_stopped(crew, names, false);
    for (size_t i = 0; i < crew->replica_count; i++) {
        struct replica *replica = crew->replicas[i];

        if (!is_named(names, replica->record->service) || replica->record->leaving)
            continue;
        restart_policy_reset(&replica->history);
        replica->wanted = true;
        replica_handle(replica, REPLICA_WANTED_AGAIN);
    }
    free_names(names);
    control_server_answer(request, NULL);
}

/* Of services, or of one "replica" of theirs, by its id. */
static bool is_meant(const struct replica *replica, char **names, const struct json *body)
{
    const char *id = json_find_text(body, "replica", NULL);

    return is_named(names, replica->record->service) &&
           (!id || text_equal(id, replica->record->id));
}

/* With a holder, a process, the pause ends with it at the latest. */
static int pause_one(struct replica *replica, const struct json *body, struct error *err)
{
    const struct replica_pause_holder holder = {
        (pid_t)json_find_int(body, "holder", 0),
        (uint64_t)json_find_int(body, "holder_start_time", 0),
    };

    return replica_pause_begin(replica, holder.pid > 0 ? &holder : NULL, err);
}

static int unpause_one(struct replica *replica, const struct json *body, struct error *err)
{
    (void)body;
    return replica_pause_end(replica, err);
}

/* Of several services, those that can are; the first failure is answered. */
static void
pause_or_not(struct crew *crew, struct control_server_request *request, const struct json *body,
             int (*change)(struct replica *replica, const struct json *body, struct error *err))
{
    char **names = NULL;
    struct error first = { 0 };

    if (read_services(crew, body, &names, &first) < 0) {
        control_server_refuse(request, &first);
        return;
    }
    for (size_t i = 0; i < crew->replica_count; i++) {
        struct error err = { 0 };

        if (is_meant(crew->replicas[i], names, body) && change(crew->replicas[i], body, &err) < 0 &&
            first.code == ERROR_NONE)
            first = err;
    }
    free_names(names);
    if (first.code != ERROR_NONE)
        control_server_refuse(request, &first);
    else
        control_server_answer(request, NULL);
}

static void pause_services(void *context, struct control_server_request *request,
                           const struct json *body)
{
    pause_or_not(context, request, body, pause_one);
}

static void unpause_services(void *context, struct control_server_request *request,
                             const struct json *body)
{
    pause_or_not(context, request, body, unpause_one);
}

static void down(void *context, struct control_server_request *request, const struct json *body)
{
    struct crew *crew = context;

    set_stop_timeout(crew, NULL, body);
    crew->ending = true;
    save_or_log(crew);
    events_emit(crew->events, "down", NULL, NULL, "the stack is taken down");
    hurry(crew, NULL);
    wait_for_rest(crew, request, NULL);
}

void commands_fill(struct crew *crew, struct control_server_handlers *out)
{
    *out = (struct control_server_handlers){
        .on = {
            [CONTROL_SERVER_STACK] = answer_stack,
            [CONTROL_SERVER_APPLY] = apply,
            [CONTROL_SERVER_SCALE] = scale,
            [CONTROL_SERVER_START] = start,
            [CONTROL_SERVER_STOP] = stop,
            [CONTROL_SERVER_RESTART] = restart,
            [CONTROL_SERVER_PAUSE] = pause_services,
            [CONTROL_SERVER_UNPAUSE] = unpause_services,
            [CONTROL_SERVER_WAIT] = wait_for_exit,
            [CONTROL_SERVER_DOWN] = down,
        },
        .context = crew,
    };
}

static bool are_at_rest(const struct crew *crew, char **names)
{
    for (size_t i = 0; i < crew->replica_count; i++)
        if (is_named(names, crew->replicas[i]->record->service) &&
            !replica_is_at_rest(crew->replicas[i]))
            return false;
    return true;
}

/* Answer it if what it waits for has come about. */
static bool answer_wait(const struct crew *crew, const struct crew_wait *wait)
{
    const struct replica *replica = NULL;

    if (!wait->for_exit) {
        if (are_at_rest(crew, wait->services))
            control_server_answer(wait->request, NULL);
        return are_at_rest(crew, wait->services);
    }
    replica = find_replica(crew, wait->services[0]);
    if (!replica) {
        struct error err = { 0 };

        if (crew_find_service(crew, wait->services[0]) && !crew->ending)
            return false;
        error_set(&err, ERROR_NOT_FOUND, "'%s' was removed", wait->services[0]);
        control_server_refuse(wait->request, &err);
        return true;
    }
    if (replica->exits != wait->exits)
        answer_exit(wait->request, replica);
    else if (wait->for_start && replica->record->state == REPLICA_RUNNING)
        control_server_answer(wait->request, NULL);
    else
        return false;
    return true;
}

static void answer_waits(struct crew *crew)
{
    for (size_t i = crew->wait_count; i > 0; i--) {
        struct crew_wait wait = crew->waits[i - 1];

        if (!answer_wait(crew, &wait))
            continue;
        crew->waits[i - 1] = crew->waits[--crew->wait_count];
        free_names(wait.services);
    }
}

/* Everything is stopped: remove what is left, answer, and end once the answers are out. */
static void finish_down(struct crew *crew)
{
    struct error err = { 0 };

    if (crew->replica_count)
        return;
    front_stop(crew->front);
    crew->front = NULL;
    if (!crew->is_swept)
        networks_forget_flows(crew);
    if (!crew->is_swept && sweep_stack(crew->project, &err) < 0)
        log_error("something of the stack was left behind", LOG_TEXT("why", err.text));
    crew->is_swept = true;
    answer_waits(crew);
    crew->exit_status = KEEPER_DONE;
    if (control_server_is_idle(crew->control))
        event_base_loopbreak(crew->base);
    else
        crew_wake(crew, clock_now_ms() + 5);
}

void commands_settle(struct crew *crew)
{
    if (crew->ending)
        finish_down(crew);
    else
        answer_waits(crew);
}
