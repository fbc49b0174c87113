/* SPDX-License-Identifier: MIT */

/*
 * A stored stack becomes what the crew is to bring about
 */

#include "supervise/apply.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "supervise/crew.h"
#include "supervise/crew_state.h"
#include "supervise/networks.h"
#include "supervise/ports.h"
#include "supervise/replica.h"
#include "supervise/revisions.h"
#include "supervise/update.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/log.h"
#include "util/text.h"

/* Every image that the stack needs, in the order of its services. */
static int find_images(struct crew *crew, const struct stack *stack, const struct image **images,
                       struct error *err)
{
    for (size_t i = 0; i < stack->service_count; i++)
        if (crew_find_image(crew, stack->services[i].image, &images[i], err) < 0)
            return error_wrap(err, "service '%s'", stack->services[i].name);
    return 0;
}

static int64_t within_policy(const struct service *service, int64_t count)
{
    const struct autoscale_policy *policy = &service->autoscale;

    if (!policy->enabled)
        return count;
    return MIN(MAX(count, policy->min), policy->max);
}

/* The file's count holds when it is new; what was scaled since then stays. */
static int64_t choose_count(const struct crew_service *service, const struct service *fresh)
{
    if (service->service && !service->removed && service->service->replicas == fresh->replicas)
        return within_policy(fresh, service->desired);
    return within_policy(fresh, fresh->replicas);
}

static void point_to(struct crew_service *service, const struct crew_revision *revision,
                     const struct service *definition, const struct image *image)
{
    service->revision = revision;
    service->service = definition;
    service->image = image;
    stack_service_digest(revision->stack, definition, service->digest);
}

static struct crew_service *add_service(struct crew *crew, const char *name)
{
    struct crew_service *service = alloc_new(struct crew_service);

    service->name = alloc_text(name);
    *ALLOC_APPEND(crew->services, crew->service_count) = service;
    return service;
}

static bool is_chosen(const struct apply_options *options, const char *name)
{
    return !options->only || strings_has(options->only, name);
}

static void apply_service(struct crew *crew, const struct crew_revision *revision,
                          const struct service *fresh, const struct image *image,
                          const struct apply_options *options)
{
    struct crew_service *service = crew_find_service(crew, fresh->name);
    struct crew_service before;

    if (!service)
        service = add_service(crew, fresh->name);
    before = *service;
    service->desired = choose_count(service, fresh);
    service->removed = false;
    if (is_chosen(options, fresh->name)) {
        service->stopped = options->created;
        service->awaited = options->awaited;
    }
    point_to(service, revision, fresh, image);
    if (before.revision && before.image &&
        (strcmp(before.digest, service->digest) != 0 || before.image != image)) {
        service->previous = before.revision;
        service->previous_image = before.image;
    }
    update_begin(service);
}

/* A replica whose definition did not change belongs to the new revision from now on. */
static void move_replicas(struct crew *crew, const struct apply_options *options)
{
    for (size_t i = 0; i < crew->replica_count; i++) {
        struct replica *replica = crew->replicas[i];
        const struct crew_service *service = crew_find_service(crew, replica->record->service);

        if (!service || service->removed)
            continue;
        replica->had_failed = false;
        if (options->force)
            replica->record->digest[0] = '\0';
        else if (replica_is_current(replica, service))
            replica_move(replica, service);
        if (replica->record->state == REPLICA_FAILED && !options->force &&
            is_chosen(options, service->name))
            replica_handle(replica, REPLICA_WANTED_AGAIN);
    }
}

static bool is_in_use(const struct crew *crew, const struct crew_revision *revision)
{
    if (crew->current == revision)
        return true;
    for (size_t i = 0; i < crew->service_count; i++)
        if (crew->services[i]->revision == revision || crew->services[i]->previous == revision)
            return true;
    for (size_t i = 0; i < crew->replica_count; i++)
        if (crew->replicas[i]->revision == revision)
            return true;
    return false;
}

static void forget_revisions(struct crew *crew)
{
    for (size_t i = crew->revision_count; i > 0; i--) {
        struct crew_revision *revision = crew->revisions[i - 1];

        if (is_in_use(crew, revision))
            continue;
        stack_free(revision->stack);
        free(revision);
        crew->revisions[i - 1] = crew->revisions[--crew->revision_count];
    }
}

static void apply_services(struct crew *crew, const struct crew_revision *revision,
                           const struct image **images, const struct apply_options *options)
{
    const struct stack *stack = revision->stack;

    for (size_t i = 0; i < crew->service_count; i++)
        crew->services[i]->removed = !stack_find_service(stack, crew->services[i]->name);
    for (size_t i = 0; i < stack->service_count; i++)
        apply_service(crew, revision, &stack->services[i], images[i], options);
    crew->current = revision;
    move_replicas(crew, options);
    forget_revisions(crew);
}

bool apply_is_current(const struct crew *crew)
{
    struct error ignored = { 0 };
    uint64_t number = 0;

    return crew->current && revisions_find_current(crew->project, &number, &ignored) == 0 &&
           number == crew->current->number;
}

int apply_current(struct crew *crew, const struct apply_options *options, struct error *err)
{
    const struct crew_revision *revision = NULL;
    AUTO_FREE const struct image **images = NULL;
    uint64_t number = 0;

    if (crew->ending)
        return error_set(err, ERROR_EXISTS, "the stack is being taken down: try again");
    if (revisions_find_current(crew->project, &number, err) < 0)
        return -1;
    revision = crew_find_revision(crew, number, err);
    if (!revision)
        return -1;
    images = alloc_array(const struct image *, revision->stack->service_count + 1);
    /* Ports last: what is refused leaves those of the present stack as they are. */
    if (find_images(crew, revision->stack, images, err) < 0 ||
        networks_prepare(crew, revision->stack, err) < 0)
        return -1;
    if (ports_choose(crew, revision->stack, err) < 0) {
        networks_release(crew, NULL, 0);
        networks_remove_unused(crew);
        return -1;
    }
    apply_services(crew, revision, images, options);
    revisions_forget(crew->project, number);
    crew->rules_stale = crew->names_stale = true;
    crew->front_stale = true;
    crew_touch(crew);
    events_emit(crew->events, "applied", NULL, NULL, "revision %" PRIu64, number);
    return crew_state_save(crew, err);
}

void apply_resume(struct crew *crew)
{
    for (size_t i = 0; i < crew->service_count; i++) {
        struct crew_service *service = crew->services[i];
        const struct service *definition =
            service->revision ? stack_find_service(service->revision->stack, service->name) : NULL;
        const struct image *image = NULL;
        struct error err = { 0 };

        service->removed = !definition || !crew->current ||
                           !stack_find_service(crew->current->stack, service->name);
        if (!definition)
            continue;
        if (crew_find_image(crew, service->image_id ? service->image_id : definition->image, &image,
                            &err) < 0)
            log_error("an image is gone", LOG_TEXT("service", service->name),
                      LOG_TEXT("why", err.text));
        point_to(service, service->revision, definition, image);
    }
}

bool apply_rollback(struct crew *crew, struct crew_service *service)
{
    const struct service *definition =
        service->previous ? stack_find_service(service->previous->stack, service->name) : NULL;
    struct error err = { 0 };

    if (!definition || !service->previous_image)
        return false;
    point_to(service, service->previous, definition, service->previous_image);
    update_begin(service);
    service->rolled_back = true;
    service->updating = true;
    service->previous = NULL;
    for (size_t i = 0; i < crew->replica_count; i++)
        crew->replicas[i]->had_failed = false;
    events_emit(crew->events, "rolled_back", service->name, NULL, "back to revision %" PRIu64,
                service->revision->number);
    if (crew_state_save(crew, &err) < 0)
        log_error("the state could not be written", LOG_TEXT("why", err.text));
    crew_touch(crew);
    return true;
}
