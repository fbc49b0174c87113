/* SPDX-License-Identifier: MIT */

/*
 * The crew on networks that belong to no stack
 */

#include "supervise/networks_shared.h"

#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "supervise/crew.h"
#include "supervise/replica.h"
#include "supervise/shared_names.h"
#include "supervise/shared_network.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/log.h"
#include "util/text.h"

int networks_shared_look(struct crew_network *network, struct error *err)
{
    AUTO(shared_network) struct shared_network *record = NULL;

    if (shared_network_load(network->name, &record, err) < 0)
        return -1;
    network->network = record->network;
    return 0;
}

static void handle_names(evutil_socket_t fd, short what, void *context)
{
    struct crew *crew = context;
    char events[4096];

    (void)what;
    while (read(fd, events, sizeof(events)) > 0)
        continue;
    crew->names_stale = true;
    crew_touch(crew);
}

static int open_watch(struct crew *crew, struct error *err)
{
    crew->names_watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (crew->names_watch < 0)
        return error_set_errno(err, errno, "watch the names of other stacks");
    crew->names_event =
        event_new(crew->base, crew->names_watch, EV_READ | EV_PERSIST, handle_names, crew);
    event_add(crew->names_event, NULL);
    return 0;
}

int networks_shared_watch(struct crew *crew, struct error *err)
{
    for (size_t i = 0; i < crew->network_count; i++) {
        if (!crew->networks[i]->is_shared)
            continue;
        if ((crew->names_watch < 0 && open_watch(crew, err) < 0) ||
            shared_names_watch(crew->networks[i]->name, crew->names_watch, err) < 0)
            return -1;
    }
    return 0;
}

/* The addresses on the network that the records know of; the caller frees them. */
static uint32_t *find_addresses(const struct crew *crew, const struct crew_network *network,
                                size_t *count_out)
{
    uint32_t *addresses = NULL;
    size_t count = 0;

    *ALLOC_APPEND(addresses, count) = network->resolver;
    for (size_t i = 0; i < network->virtual_count; i++)
        *ALLOC_APPEND(addresses, count) = network->virtuals[i].address;
    for (size_t i = 0; i < crew->replica_count; i++) {
        const struct state_endpoint *endpoint =
            netplan_find_endpoint(crew->replicas[i]->record, network->key);

        if (endpoint)
            *ALLOC_APPEND(addresses, count) = endpoint->address;
    }
    *count_out = count;
    return addresses;
}

static int settle(void *context, const char *name, struct error *err)
{
    struct crew *crew = context;

    for (size_t i = 0; i < crew->network_count; i++) {
        const struct crew_network *network = crew->networks[i];
        AUTO_FREE uint32_t *addresses = NULL;
        size_t count = 0;

        if (!network->is_shared || !text_equal(network->name, name))
            continue;
        addresses = find_addresses(crew, network, &count);
        return shared_network_keep(name, crew->project, addresses, count, err);
    }
    return shared_network_leave(name, crew->project, err);
}

int networks_shared_settle(struct crew *crew, struct error *err)
{
    return shared_network_each(settle, crew, err);
}

void networks_shared_leave(struct crew *crew, const struct crew_network *network)
{
    struct error err = { 0 };

    if (shared_network_leave(network->name, crew->project, &err) < 0)
        log_warn("something was left on a network", LOG_TEXT("network", network->name),
                 LOG_TEXT("why", err.text));
}
