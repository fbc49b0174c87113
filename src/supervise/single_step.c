/* SPDX-License-Identifier: MIT */

/*
 * The supervisor's part in single containers
 */

#include "supervise/single_step.h"

#include <unistd.h>

#include "supervise/apply.h"
#include "supervise/crew.h"
#include "supervise/replica.h"
#include "supervise/replica_console.h"
#include "supervise/single.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/log.h"
#include "util/text.h"

/* A command has the lock: it will not take long. */
#define LOCKED_MS 20
#define IDLE_MS 10000

bool single_step_is_for(const struct crew *crew)
{
    return text_equal(crew->project, SINGLE_PROJECT);
}

void single_step_begin(struct crew *crew)
{
    for (size_t i = 0; i < crew->service_count; i++) {
        struct crew_service *service = crew->services[i];

        service->stopped = service->service->restart.condition != SERVICE_RESTART_ANY;
    }
}

static bool is_waited_for(const struct crew *crew, const char *service)
{
    for (size_t i = 0; i < crew->wait_count; i++)
        if (crew->waits[i].for_exit && text_equal(crew->waits[i].services[0], service))
            return true;
    return false;
}

/* Is another on its network? Then it goes when that one has. */
static bool is_joined(const struct crew *crew, const char *service)
{
    for (size_t i = 0; i < crew->current->stack->service_count; i++)
        if (text_equal(stack_find_joined(&crew->current->stack->services[i]), service))
            return true;
    return false;
}

/* The names of those that have ended and are to go, once who is attached has seen all. */
static void find_ended(const struct crew *crew, struct strings *out)
{
    for (size_t i = 0; i < crew->replica_count; i++) {
        const struct replica *replica = crew->replicas[i];
        const struct state_replica *record = replica->record;

        if (replica->service->auto_remove && !record->leaving && replica_is_at_rest(replica) &&
            record->exit != STATE_EXIT_NONE && !is_waited_for(crew, record->service) &&
            !replica_console_is_alive(replica) && !is_joined(crew, record->service))
            strings_add(out, record->service);
    }
}

static int remove_ended(struct crew *crew, const struct strings *names, struct error *err)
{
    static const struct strings none = { 0 };
    const struct apply_options options = { .only = &none };
    AUTO_CLOSE int lock = -1;
    size_t left = 0;

    if (single_lock(false, &lock, err) < 0 || single_remove(names, &left, err) < 0)
        return -1;
    return apply_current(crew, &options, err);
}

/* The lock stays taken until the process ends: who wants a container then starts another. */
static void end_when_idle(struct crew *crew)
{
    struct error ignored = { 0 };
    int lock = -1;

    if (crew->service_count > 0 || crew->replica_count > 0) {
        crew->idle_since_ms = 0;
        return;
    }
    if (crew->idle_since_ms == 0)
        crew->idle_since_ms = clock_now_ms();
    if (clock_now_ms() - crew->idle_since_ms < IDLE_MS)
        crew_wake(crew, crew->idle_since_ms + IDLE_MS);
    else if (single_lock(false, &lock, &ignored) == 0)
        crew->ending = true;
    else
        crew_wake(crew, clock_now_ms() + LOCKED_MS);
}

void single_step(struct crew *crew)
{
    AUTO_STRINGS struct strings names = { 0 };
    struct error err = { 0 };

    if (crew->ending)
        return;
    find_ended(crew, &names);
    if (names.count > 0 && remove_ended(crew, &names, &err) < 0) {
        if (err.code != ERROR_EXISTS)
            log_error("containers that have ended were not removed", LOG_TEXT("why", err.text));
        crew_wake(crew, clock_now_ms() + (err.code == ERROR_EXISTS ? LOCKED_MS : IDLE_MS));
    }
    end_when_idle(crew);
}
