/* SPDX-License-Identifier: MIT */

/*
 * The networks of a stack in the kernel: bridges and addresses
 */

#include "supervise/networks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervise/crew.h"
#include "supervise/crew_state.h"
#include "supervise/network_front.h"
#include "supervise/replica.h"
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
static int choose_subnet(const struct stack *stack, const struct stack_network *wanted,
                         struct network *network, struct error *err)
{
    if (wanted->subnet)
        return addrpool_parse_subnet(wanted->subnet, &network->subnet, &network->prefix, err);
    network->prefix = netplan_prefix_for(netplan_count_addresses(stack, wanted->key));
    return addrpool_choose_subnet(network->prefix, &network->subnet, err);
}

/* Addresses that the file gives are reserved before any other is handed out. */
static void reserve_given(struct crew_network *network, const struct stack *stack)
{
    for (size_t i = 0; i < stack->service_count; i++) {
        const struct service *service = &stack->services[i];

        for (size_t j = 0; j < service->network_count; j++) {
            const struct service_network *use = &service->networks[j];
            struct error ignored = { 0 };
            uint32_t address = 0;

            if (!use->ipv4_address || !text_equal(use->network, network->key) ||
                addrpool_parse_address(use->ipv4_address, &address, &ignored) < 0)
                continue;
            if (addrpool_take_given(&network->pool, address, &ignored) < 0)
                log_debug("address is reserved already", LOG_TEXT("network", network->name));
        }
    }
}

static int make_network(struct crew *crew, const struct stack *stack,
                        const struct stack_network *wanted, struct error *err)
{
    struct crew_network *made = alloc_new(struct crew_network);
    struct network network = { .internal = wanted->internal };

    made->sockets[0] = made->sockets[1] = -1;
    made->key = alloc_text(wanted->key);
    made->name = alloc_text(wanted->name);
    *ALLOC_APPEND(crew->networks, crew->network_count) = made;
    name_bridge(crew, network.bridge);
    if (choose_subnet(stack, wanted, &network, err) < 0)
        return error_wrap(err, "network '%s'", wanted->key);
    network.gateway = network.subnet + 1;
    if (wanted->gateway && addrpool_parse_address(wanted->gateway, &network.gateway, err) < 0)
        return error_wrap(err, "gateway of network '%s'", wanted->key);
    made->network = network;
    addrpool_init(&made->pool, network.subnet, network.prefix);
    reserve_given(made, stack);
    return 0;
}

/* A network that could not be made is as if it had never been wanted. */
static void drop_last_network(struct crew *crew)
{
    crew_free_network(crew->networks[--crew->network_count]);
}

static int check_network(const struct crew_network *network, const struct stack_network *wanted,
                         struct error *err)
{
    uint32_t subnet = 0;
    uint8_t prefix = 0;

    if (!wanted->subnet)
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

/* From the top of the subnet down, so that replicas and services do not get in each other's way. */
static int add_virtual(struct crew_network *network, const char *service, struct error *err)
{
    uint32_t last = network->network.subnet + (UINT32_C(1) << (32 - network->network.prefix)) - 2;

    for (uint32_t address = last; address > network->network.gateway; address--) {
        struct error taken = { 0 };
        struct netplan_virtual *made = NULL;

        if (addrpool_take_given(&network->pool, address, &taken) < 0)
            continue;
        made = ALLOC_APPEND(network->virtuals, network->virtual_count);
        made->service = alloc_text(service);
        made->address = address;
        return 0;
    }
    return error_set(err, ERROR_INVALID, "network '%s' is full: give it a larger subnet",
                     network->key);
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

            if (!network || has_virtual(network, service->name))
                continue;
            if (add_virtual(network, service->name, err) < 0)
                return -1;
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

        if (wanted->external)
            return error_set(err, ERROR_UNSUPPORTED,
                             "network '%s' is external, which is not built yet: let the stack "
                             "make it",
                             wanted->key);
        if (network) {
            if (check_network(network, wanted, err) < 0)
                return -1;
            network->network.internal = wanted->internal;
            reserve_given(network, stack);
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
    return 0;
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

    if (network_remove(network->network.bridge, &err) < 0)
        log_warn("a bridge could not be removed", LOG_TEXT("why", err.text));
    network_front_forget(crew, network);
    crew_free_network(network);
    crew->networks[index] = crew->networks[--crew->network_count];
    crew->rules_stale = crew->names_stale = true;
}

void networks_remove_unused(struct crew *crew)
{
    struct error err = { 0 };
    size_t before = crew->network_count;

    for (size_t i = crew->network_count; i > 0; i--)
        if (!is_used(crew, crew->networks[i - 1]))
            remove_network(crew, i - 1);
    if (before != crew->network_count && crew_state_save(crew, &err) < 0)
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
static int take_address(struct crew_network *network, const struct service_network *use,
                        const struct replica *replica, uint32_t *out, struct error *err)
{
    if (use->ipv4_address && replica->record->index == 1)
        return addrpool_parse_address(use->ipv4_address, out, err);
    return addrpool_take(&network->pool, out, err);
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
        if (take_address(network, use, replica, &address, err) < 0)
            return error_wrap(err, "network '%s'", use->network);
        endpoint->network = alloc_text(use->network);
        endpoint->address = address;
        name_link(crew, record->serial, i, endpoint->host_link);
        snprintf(endpoint->inner_link, sizeof(endpoint->inner_link), "eth%zu", i);
        record->endpoint_count++;
    }
    return 0;
}

void networks_release(struct crew *crew, struct replica *replica)
{
    struct state_replica *record = replica->record;

    for (size_t i = 0; i < record->endpoint_count; i++) {
        struct crew_network *network = crew_find_network(crew, record->endpoints[i].network);
        struct error err = { 0 };

        /* A stack that goes as a whole is forgotten as a whole. */
        if (!crew->ending && network_forget_flows(record->endpoints[i].address, 32, &err) < 0)
            log_debug("flows were not forgotten", LOG_TEXT("why", err.text));
        if (network) {
            addrpool_release(&network->pool, record->endpoints[i].address);
            reserve_given(network, crew->current->stack);
        }
    }
}

void networks_forget_flows(const struct crew *crew)
{
    for (size_t i = 0; i < crew->network_count; i++) {
        const struct network *network = &crew->networks[i]->network;
        struct error err = { 0 };

        if (network_forget_flows(network->subnet, network->prefix, &err) < 0)
            log_debug("flows were not forgotten", LOG_TEXT("why", err.text));
    }
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

uint32_t networks_gateway(const struct crew *crew, const struct replica *replica)
{
    const struct crew_network *network = NULL;

    if (replica->record->endpoint_count)
        network = crew_find_network(crew, replica->record->endpoints[0].network);
    return network ? network->network.gateway : 0;
}
