/* SPDX-License-Identifier: MIT */

/*
 * The crew: all that a supervisor knows about its stack while it runs
 */

#include "supervise/crew.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervise/commands.h"
#include "supervise/depends.h"
#include "supervise/network_front.h"
#include "supervise/networks.h"
#include "supervise/replica.h"
#include "supervise/replica_exit.h"
#include "supervise/replica_host.h"
#include "supervise/revisions.h"
#include "supervise/single_step.h"
#include "supervise/update.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/text.h"

#define EXIT_RETRY_MS 20

void crew_touch(struct crew *crew)
{
    event_active(crew->step_event, EV_TIMEOUT, 0);
}

struct crew_service *crew_find_service(const struct crew *crew, const char *name)
{
    for (size_t i = 0; i < crew->service_count; i++)
        if (text_equal(crew->services[i]->name, name))
            return crew->services[i];
    return NULL;
}

struct crew_network *crew_find_network(const struct crew *crew, const char *key)
{
    for (size_t i = 0; i < crew->network_count; i++)
        if (text_equal(crew->networks[i]->key, key))
            return crew->networks[i];
    return NULL;
}

const struct crew_revision *crew_find_revision(struct crew *crew, uint64_t number,
                                               struct error *err)
{
    struct crew_revision *revision = NULL;
    struct stack *stack = NULL;

    for (size_t i = 0; i < crew->revision_count; i++)
        if (crew->revisions[i]->number == number)
            return crew->revisions[i];
    if (revisions_load(crew->project, number, &stack, err) < 0)
        return NULL;
    revision = alloc_new(struct crew_revision);
    revision->number = number;
    revision->stack = stack;
    *ALLOC_APPEND(crew->revisions, crew->revision_count) = revision;
    return revision;
}

int crew_find_image(struct crew *crew, const char *reference, const struct image **out,
                    struct error *err)
{
    struct image *image = NULL;

    for (size_t i = 0; i < crew->image_count; i++) {
        if (!text_equal(crew->images[i]->id, reference))
            continue;
        *out = crew->images[i];
        return 0;
    }
    if (store_find_image(crew->store, reference, &image, err) < 0)
        return -1;
    if (!image)
        return error_set(err, ERROR_NOT_FOUND,
                         "there is no image '%s': build it with `carte-stack build`", reference);
    for (size_t i = 0; i < crew->image_count; i++) {
        if (!text_equal(crew->images[i]->id, image->id))
            continue;
        image_free(image);
        *out = crew->images[i];
        return 0;
    }
    *ALLOC_APPEND(crew->images, crew->image_count) = image;
    *out = image;
    return 0;
}

static bool is_wanted(const struct crew *crew, const struct replica *replica)
{
    const struct crew_service *service = crew_find_service(crew, replica->record->service);
    bool wanted = !replica->record->leaving && service && !service->stopped && !crew->ending;

    return wanted || (replica->wanted && depends_must_outlive(crew, replica));
}

/* Wishes first, then those that wait for others. */
static void follow_wishes(struct crew *crew)
{
    for (size_t i = 0; i < crew->replica_count; i++)
        replica_want(crew->replicas[i], is_wanted(crew, crew->replicas[i]));
    for (size_t i = 0; i < crew->replica_count; i++) {
        struct replica *replica = crew->replicas[i];

        if (replica->record->state == REPLICA_WAITING && depends_are_met(crew, replica))
            replica_handle(replica, REPLICA_DEPENDENCIES_READY);
    }
}

/* Rules no longer lead to a replica that is at rest: it may go. */
static void remove_leaving(struct crew *crew)
{
    AUTO_FREE struct replica **gone = NULL;
    size_t count = 0;

    for (size_t i = crew->replica_count; i > 0; i--) {
        struct replica *replica = crew->replicas[i - 1];
        bool leaves = replica->record->leaving || crew->ending;

        if (!leaves || !replica_is_at_rest(replica) || replica->pidfd >= 0 ||
            replica_host_has_guests(crew, replica))
            continue;
        replica_remove(replica);
        *ALLOC_APPEND(gone, count) = replica;
    }
    if (count == 0)
        return;
    networks_release(crew, gone, count);
    for (size_t i = 0; i < count; i++)
        replica_forget(gone[i]);
    if (!crew->ending)
        networks_remove_unused(crew);
}

static void free_service(struct crew_service *service)
{
    autoscale_history_done(&service->history);
    free(service->name);
    free(service->image_id);
    free(service->update_text);
    free(service->update_failure);
    free(service->autoscale_text);
    free(service);
}

static bool has_replica(const struct crew *crew, const char *service)
{
    for (size_t i = 0; i < crew->replica_count; i++)
        if (text_equal(crew->replicas[i]->record->service, service))
            return true;
    return false;
}

/* A service that is gone from the stack is forgotten with its last replica. */
static void forget_services(struct crew *crew)
{
    for (size_t i = crew->service_count; i > 0; i--) {
        struct crew_service *service = crew->services[i - 1];

        if (!service->removed || has_replica(crew, service->name))
            continue;
        free_service(service);
        crew->services[i - 1] = crew->services[--crew->service_count];
    }
}

void crew_wake(struct crew *crew, int64_t at_ms)
{
    int64_t delay_ms = MAX(at_ms - clock_now_ms(), 1);
    struct timeval delay = { .tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000 };
    struct timeval due;

    if (event_pending(crew->step_event, EV_TIMEOUT, &due) && crew->wake_at_ms <= at_ms)
        return;
    crew->wake_at_ms = at_ms;
    event_add(crew->step_event, &delay);
}

static void wake_for_updates(struct crew *crew)
{
    for (size_t i = 0; i < crew->service_count; i++)
        if (crew->services[i]->update_at_ms)
            crew_wake(crew, crew->services[i]->update_at_ms);
    if (crew->front_at_ms)
        crew_wake(crew, crew->front_at_ms);
}

void crew_step(struct crew *crew)
{
    crew->has_stepped = true;
    if (!crew->current)
        return;
    if (replica_exit_look_up(crew))
        crew_wake(crew, clock_now_ms() + EXIT_RETRY_MS);
    if (!crew->ending)
        update_step(crew);
    if (!crew->front || crew->front_at_ms || crew->front_stale)
        network_front_start(crew);
    network_front_introduce(crew);
    replica_host_follow(crew);
    follow_wishes(crew);
    (void)network_front_flush(crew);
    remove_leaving(crew);
    forget_services(crew);
    if (single_step_is_for(crew))
        single_step(crew);
    wake_for_updates(crew);
    commands_settle(crew);
}

void crew_free_network(struct crew_network *network)
{
    for (size_t i = 0; i < 2; i++)
        if (network->sockets[i] >= 0)
            close(network->sockets[i]);
    for (size_t i = 0; i < network->virtual_count; i++)
        free(network->virtuals[i].service);
    free(network->virtuals);
    addrpool_done(&network->pool);
    free(network->key);
    free(network->name);
    free(network);
}

static void free_parts(struct crew *crew)
{
    for (size_t i = 0; i < crew->replica_count; i++)
        replica_free(crew->replicas[i]);
    for (size_t i = 0; i < crew->service_count; i++)
        free_service(crew->services[i]);
    for (size_t i = 0; i < crew->network_count; i++)
        crew_free_network(crew->networks[i]);
    for (size_t i = 0; i < crew->port_count; i++)
        free(crew->ports[i].service);
    for (size_t i = 0; i < crew->image_count; i++)
        image_free(crew->images[i]);
    for (size_t i = 0; i < crew->revision_count; i++) {
        stack_free(crew->revisions[i]->stack);
        free(crew->revisions[i]);
    }
    free(crew->replicas);
    free(crew->services);
    free(crew->networks);
    free(crew->ports);
    free(crew->images);
    free(crew->revisions);
    free(crew->waits);
}

void crew_free(struct crew *crew)
{
    struct event *events[] = { NULL, NULL, NULL, NULL };

    if (!crew)
        return;
    control_server_close(crew->control);
    free_parts(crew);
    front_stop(crew->front);
    events[0] = crew->step_event;
    events[1] = crew->second_event;
    events[2] = crew->exits_event;
    events[3] = crew->names_event;
    for (size_t i = 0; i < ARRAY_SIZE(events); i++)
        if (events[i])
            event_free(events[i]);
    events_close(crew->events);
    store_close(crew->store);
    if (crew->exits_fd >= 0)
        close(crew->exits_fd);
    if (crew->exits_watch >= 0)
        close(crew->exits_watch);
    if (crew->names_watch >= 0)
        close(crew->names_watch);
    if (crew->base)
        event_base_free(crew->base);
    free(crew->project);
    free(crew->run_folder);
    free(crew->data_folder);
    free(crew);
}
