/* SPDX-License-Identifier: MIT */

/*
 * The networks of a stack in the kernel: bridges and addresses
 */

#include "supervise/networks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/netlink.h"
#include "supervise/crew.h"
#include "supervise/crew_state.h"
#include "supervise/network_front.h"
#include "supervise/networks_address.h"
#include "supervise/networks_shared.h"
#include "supervise/replica.h"
#include "supervise/shared_network.h"
#include "supervise/single_step.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/log.h"
#include "util/place.h"
#include "util/text.h"

#define LOCK_TIMEOUT_MS 10000

static const char *hash_of(const struct crew *crew)
{
    return crew->object_name + strlen("carte");
}

/* "c" + hash + "-" + number: no replica's link has a '-'. */
static void name_bridge(const struct crew *crew, char out[16])
{
    for (unsigned number = 0; number < 100000; number++) {
        bool taken = false;

        snprintf(out, 16, "c%s-%u", hash_of(crew), number);
        for (size_t i = 0; i < crew->network_count; i++)
            taken = taken || text_equal(crew->networks[i]->network.bridge, out);
        if (!taken)
            return;
    }
}

/* A given subnet, or a free one. Called with the host-wide lock held. */
static int choose_subnet(const struct crew *crew, const struct stack *stack,
                         const struct stack_network *wanted, struct network *network,
                         struct error *err)
{
    if (wanted->subnet)
        return addrpool_parse_subnet(wanted->subnet, &network->subnet, &network->prefix, err) < 0
                   ? -1
                   : addrpool_check_subnet(network->subnet, network->prefix, err);
    network->prefix = netplan_prefix_for(netplan_count_addresses(stack, wanted->key));
    /* How many containers there will be is not known when the first is made. */
    if (single_step_is_for(crew))
        network->prefix = MIN(network->prefix, SHARED_NETWORK_PREFIX);
    return addrpool_choose_subnet(network->prefix, &network->subnet, err);
}

/* A network of the stack's own. */
static int choose_own(const struct crew *crew, const struct stack *stack,
                      const struct stack_network *wanted, struct network *out, struct error *err)
{
    struct network network = { .internal = wanted->internal };

    name_bridge(crew, network.bridge);
    if (choose_subnet(crew, stack, wanted, &network, err) < 0)
        return -1;
    network.gateway = network.subnet + 1;
    if (wanted->gateway && addrpool_parse_gateway(wanted->gateway, network.subnet, network.prefix,
                                                  &network.gateway, err) < 0)
        return -1;
    *out = network;
    return 0;
}

static int make_network(struct crew *crew, const struct stack *stack,
                        const struct stack_network *wanted, struct error *err)
{
    struct crew_network *made = alloc_new(struct crew_network);

    made->sockets[0] = made->sockets[1] = -1;
    made->key = alloc_text(wanted->key);
    made->name = alloc_text(wanted->name);
    made->is_shared = wanted->external;
    *ALLOC_APPEND(crew->networks, crew->network_count) = made;
    if (made->is_shared ? networks_shared_look(made, err) < 0
                        : choose_own(crew, stack, wanted, &made->network, err) < 0)
        return error_wrap(err, "network '%s'", wanted->key);
    addrpool_init(&made->pool, made->network.subnet, made->network.prefix, made->network.gateway);
    if (networks_address_reserve(crew, made, stack, err) < 0)
        return -1;
    if (made->is_shared && networks_address_last(crew, made, &made->resolver, err) < 0)
        return error_wrap(err, "network '%s'", wanted->key);
    return 0;
}

/* A network that could not be made is as if it had never been wanted. */
static void drop_last_network(struct crew *crew)
{
    struct crew_network *network = crew->networks[--crew->network_count];

    if (network->is_shared)
        networks_shared_leave(crew, network);
    crew_free_network(network);
}

static int check_network(const struct crew_network *network, const struct stack_network *wanted,
                         struct error *err)
{
    uint32_t subnet = 0;
    uint8_t prefix = 0;

    if (wanted->external != network->is_shared ||
        (wanted->external && !text_equal(wanted->name, network->name)))
        return error_set(err, ERROR_INVALID,
                         "network '%s' cannot become another while the stack runs: run "
                         "`carte-stack down` first, or give it another key",
                         wanted->key);
    if (wanted->external || !wanted->subnet)
        return 0;
    if (addrpool_parse_subnet(wanted->subnet, &subnet, &prefix, err) < 0)
        return -1;
    if (subnet != network->network.subnet || prefix != network->network.prefix)
        return error_set(err, ERROR_INVALID,
                         "the subnet of network '%s' cannot change while the stack runs: run "
                         "`carte-stack down` first",
                         wanted->key);
    return 0;
}

static bool has_virtual(const struct crew_network *network, const char *service)
{
    for (size_t i = 0; i < network->virtual_count; i++)
        if (text_equal(network->virtuals[i].service, service))
            return true;
    return false;
}

static int add_virtuals(struct crew *crew, const struct stack *stack, struct error *err)
{
    for (size_t i = 0; i < stack->service_count; i++) {
        const struct service *service = &stack->services[i];

        for (size_t j = 0; j < service->network_count; j++) {
            struct crew_network *network = crew_find_network(crew, service->networks[j].network);
            uint32_t address = 0;

            if (!network || has_virtual(network, service->name))
                continue;
            if (networks_address_last(crew, network, &address, err) < 0)
                return -1;
            *ALLOC_APPEND(network->virtuals, network->virtual_count) =
                (struct netplan_virtual){ alloc_text(service->name), address };
            network->is_applied = false;
        }
    }
    return 0;
}

static int prepare_locked(struct crew *crew, const struct stack *stack, struct error *err)
{
    for (size_t i = 0; i < stack->network_count; i++) {
        const struct stack_network *wanted = &stack->networks[i];
        struct crew_network *network = crew_find_network(crew, wanted->key);

        if (network) {
            if (check_network(network, wanted, err) < 0 ||
                networks_address_reserve(crew, network, stack, err) < 0)
                return -1;
            if (!network->is_shared)
                network->network.internal = wanted->internal;
            continue;
        }
        if (make_network(crew, stack, wanted, err) < 0) {
            drop_last_network(crew);
            return -1;
        }
        /* Recorded, then made: the next subnet is chosen among what the kernel has free. */
        if (crew_state_save(crew, err) < 0 || networks_apply(crew, err) < 0)
            return -1;
    }
    if (add_virtuals(crew, stack, err) < 0 || crew_state_save(crew, err) < 0)
        return -1;
    return networks_apply(crew, err);
}

int networks_prepare(struct crew *crew, const struct stack *stack, struct error *err)
{
    AUTO_CLOSE int lock = -1;

    if (addrpool_lock(LOCK_TIMEOUT_MS, &lock, err) < 0)
        return -1;
    /* After a reboot, too, the kernel is to say which subnets are free. */
    shared_network_apply_all();
    return prepare_locked(crew, stack, err);
}

static int apply_network(struct crew_network *network, struct error *err)
{
    const char *bridge = network->network.bridge;

    if (network_apply(&network->network, err) < 0)
        return error_wrap(err, "network '%s'", network->key);
    for (size_t i = 0; i < network->virtual_count; i++)
        if (network_add_address(bridge, network->virtuals[i].address, err) < 0)
            return error_wrap(err, "network '%s'", network->key);
    if (network->resolver && network_add_address(bridge, network->resolver, err) < 0)
        return error_wrap(err, "network '%s'", network->key);
    network->is_applied = true;
    return 0;
}

int networks_apply(struct crew *crew, struct error *err)
{
    AUTO_FREE char *settings = place_in_run("host-settings");

    if (crew->network_count == 0)
        return 0;
    if (network_prepare_host(settings, err) < 0)
        return -1;
    for (size_t i = 0; i < crew->network_count; i++)
        if (!crew->networks[i]->is_applied && apply_network(crew->networks[i], err) < 0)
            return -1;
    crew->rules_stale = crew->names_stale = true;
    return networks_shared_watch(crew, err);
}

static bool is_used(const struct crew *crew, const struct crew_network *network)
{
    for (size_t i = 0; crew->current && i < crew->current->stack->network_count; i++)
        if (text_equal(crew->current->stack->networks[i].key, network->key))
            return true;
    for (size_t i = 0; i < crew->replica_count; i++)
        if (netplan_find_endpoint(crew->replicas[i]->record, network->key))
            return true;
    return false;
}

static void remove_network(struct crew *crew, size_t index)
{
    struct crew_network *network = crew->networks[index];
    struct error err = { 0 };

    if (network->is_shared)
        networks_shared_leave(crew, network);
    else if (network_remove(network->network.bridge, &err) < 0)
        log_warn("a bridge could not be removed", LOG_TEXT("why", err.text));
    network_front_forget(crew, network);
    crew_free_network(network);
    crew->networks[index] = crew->networks[--crew->network_count];
    crew->rules_stale = crew->names_stale = true;
}

/* Is a service, of the present stack or with a replica, still to have an address there? */
static bool is_virtual_used(const struct crew *crew, const struct crew_network *network,
                            const char *name)
{
    const struct service *service =
        crew->current ? stack_find_service(crew->current->stack, name) : NULL;

    for (size_t i = 0; service && i < service->network_count; i++)
        if (text_equal(service->networks[i].network, network->key))
            return true;
    for (size_t i = 0; i < crew->replica_count; i++)
        if (text_equal(crew->replicas[i]->record->service, name))
            return true;
    return false;
}

static bool remove_virtuals(struct crew *crew, struct crew_network *network)
{
    size_t before = network->virtual_count;

    for (size_t i = network->virtual_count; i > 0; i--) {
        struct netplan_virtual *virtual = &network->virtuals[i - 1];
        struct error err = { 0 };

        if (is_virtual_used(crew, network, virtual->service))
            continue;
        if (network_remove_address(network->network.bridge, virtual->address, &err) < 0)
            log_warn("an address was left behind", LOG_TEXT("why", err.text));
        networks_address_release(crew, network, virtual->address);
        free(virtual->service);
        *virtual = network->virtuals[--network->virtual_count];
    }
    return before != network->virtual_count;
}

void networks_remove_unused(struct crew *crew)
{
    struct error err = { 0 };
    size_t before = crew->network_count;
    bool changed = false;

    for (size_t i = crew->network_count; i > 0; i--)
        if (!is_used(crew, crew->networks[i - 1]))
            remove_network(crew, i - 1);
    for (size_t i = 0; i < crew->network_count; i++)
        changed = remove_virtuals(crew, crew->networks[i]) || changed;
    if (changed)
        crew->rules_stale = crew->names_stale = true;
    if ((changed || before != crew->network_count) && crew_state_save(crew, &err) < 0)
        log_error("the state could not be written", LOG_TEXT("why", err.text));
}

/* The number in base 36, and a letter per network: "c" + hash + at most 6 characters. */
static void name_link(const struct crew *crew, uint64_t serial, size_t index, char out[16])
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    char number[8] = { 0 };
    size_t at = sizeof(number) - 1;

    do {
        number[--at] = digits[serial % 36];
        serial /= 36;
    } while (serial && at > 2);
    snprintf(out, 16, "c%s%s%c", hash_of(crew), number + at, digits[index % 36]);
}

/* The address that the file gives belongs to the first replica of the service. */
static int take_address(struct crew *crew, struct crew_network *network,
                        const struct service_network *use, const struct replica *replica,
                        uint32_t *out, struct error *err)
{
    if (use->ipv4_address && replica->record->index == 1)
        return addrpool_parse_address(use->ipv4_address, out, err);
    return networks_address_next(crew, network, out, err);
}

int networks_place(struct crew *crew, struct replica *replica, struct error *err)
{
    struct state_replica *record = replica->record;

    if (replica->service->network_mode)
        return 0;
    for (size_t i = 0; i < replica->service->network_count && i < STATE_ENDPOINTS_MAX; i++) {
        const struct service_network *use = &replica->service->networks[i];
        struct crew_network *network = crew_find_network(crew, use->network);
        struct state_endpoint *endpoint = &record->endpoints[record->endpoint_count];
        uint32_t address = 0;

        if (!network)
            return error_set(err, ERROR_NOT_FOUND, "network '%s' is gone", use->network);
        if (take_address(crew, network, use, replica, &address, err) < 0)
            return error_wrap(err, "network '%s'", use->network);
        endpoint->network = alloc_text(use->network);
        endpoint->address = address;
        name_link(crew, record->serial, i, endpoint->host_link);
        snprintf(endpoint->inner_link, sizeof(endpoint->inner_link), "eth%zu", i);
        record->endpoint_count++;
    }
    return 0;
}

/* Where flows may end that are to be forgotten. */
struct ends {
    struct netlink_subnet *items;
    size_t count;
};

static void add_end(struct ends *ends, uint32_t address, uint8_t prefix)
{
    *ALLOC_APPEND(ends->items, ends->count) = (struct netlink_subnet){ address, prefix };
}

static void forget_ends(struct ends *ends)
{
    struct error err = { 0 };

    if (network_forget_flows(ends->items, ends->count, &err) < 0)
        log_debug("flows were not forgotten", LOG_TEXT("why", err.text));
    free(ends->items);
}

/* A stack that goes as a whole is forgotten as a whole. */
static void add_replica(const struct crew *crew, const struct state_replica *record,
                        struct ends *ends)
{
    for (size_t i = 0; i < record->endpoint_count; i++) {
        const struct crew_network *network = crew_find_network(crew, record->endpoints[i].network);

        if (!crew->ending || (network && network->is_shared))
            add_end(ends, record->endpoints[i].address, 32);
    }
}

static void add_unused(const struct crew *crew, const struct crew_network *network,
                       struct ends *ends)
{
    for (size_t i = 0; !crew->ending && i < network->virtual_count; i++)
        if (!is_virtual_used(crew, network, network->virtuals[i].service))
            add_end(ends, network->virtuals[i].address, 32);
}

static void release_replica(struct crew *crew, const struct state_replica *record)
{
    for (size_t i = 0; i < record->endpoint_count; i++) {
        struct crew_network *network = crew_find_network(crew, record->endpoints[i].network);

        if (network && !networks_address_is_given(crew, network, record->endpoints[i].address))
            networks_address_release(crew, network, record->endpoints[i].address);
    }
}

void networks_release(struct crew *crew, struct replica *const *gone, size_t count)
{
    struct ends ends = { 0 };

    for (size_t i = 0; i < count; i++)
        add_replica(crew, gone[i]->record, &ends);
    for (size_t i = 0; i < crew->network_count; i++)
        add_unused(crew, crew->networks[i], &ends);
    forget_ends(&ends);
    for (size_t i = 0; i < count; i++)
        release_replica(crew, gone[i]->record);
}

void networks_forget_flows(const struct crew *crew)
{
    struct ends ends = { 0 };

    /* Other stacks' flows go on. */
    for (size_t i = 0; i < crew->network_count; i++)
        if (!crew->networks[i]->is_shared)
            add_end(&ends, crew->networks[i]->network.subnet, crew->networks[i]->network.prefix);
    forget_ends(&ends);
}

int networks_connect(struct crew *crew, const struct replica *replica, struct error *err)
{
    const struct state_replica *record = replica->record;
    AUTO_FREE char *path = alloc_format("%s/netns/%s", crew->run_folder, record->id);
    bool has_route = false;

    if (replica->service->network_mode)
        return 0;
    if (network_make_namespace(path, err) < 0)
        return -1;
    for (size_t i = 0; i < record->endpoint_count; i++) {
        const struct state_endpoint *from = &record->endpoints[i];
        const struct crew_network *network = crew_find_network(crew, from->network);
        struct network_endpoint endpoint = { .address = from->address };

        if (!network)
            continue;
        endpoint.network = &network->network;
        endpoint.default_route = !has_route && !network->network.internal;
        has_route = has_route || endpoint.default_route;
        snprintf(endpoint.host_link, sizeof(endpoint.host_link), "%s", from->host_link);
        snprintf(endpoint.inner_link, sizeof(endpoint.inner_link), "%s", from->inner_link);
        if (network_attach(path, &endpoint, err) < 0)
            return -1;
    }
    return 0;
}

const struct crew_network *networks_find_first(const struct crew *crew,
                                               const struct replica *replica)
{
    if (!replica->record->endpoint_count)
        return NULL;
    return crew_find_network(crew, replica->record->endpoints[0].network);
}
