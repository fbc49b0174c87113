/* SPDX-License-Identifier: MIT */

/*
 * Addresses on a network of the crew
 */

#include "supervise/networks_address.h"

#include "supervise/crew.h"
#include "supervise/replica.h"
#include "supervise/shared_network.h"
#include "util/error.h"
#include "util/text.h"

static uint32_t size_of(const struct crew_network *network)
{
    return UINT32_C(1) << (32 - network->network.prefix);
}

static int refuse_full(const struct crew_network *network, struct error *err)
{
    return error_set(err, ERROR_INVALID, "network '%s' is full: give it a larger subnet",
                     network->key);
}

/* With the address taken from the pool: have it leased, too. False: another stack has it. */
static int lease(const struct crew *crew, struct crew_network *network, uint32_t address,
                 bool *taken_out, struct error *err)
{
    *taken_out = true;
    if (!network->is_shared || shared_network_take(network->name, crew->project, address, err) == 0)
        return 0;
    addrpool_release(&network->pool, address);
    if (err->code != ERROR_EXISTS)
        return -1;
    error_clear(err);
    *taken_out = false;
    return 0;
}

int networks_address_next(struct crew *crew, struct crew_network *network, uint32_t *out,
                          struct error *err)
{
    for (uint32_t tries = size_of(network); tries > 0; tries--) {
        uint32_t address = 0;
        bool taken = false;

        /* What was tried last is tried again last. */
        if (addrpool_take(&network->pool, &address, err) < 0 ||
            lease(crew, network, address, &taken, err) < 0)
            return -1;
        if (!taken)
            continue;
        *out = address;
        return 0;
    }
    return refuse_full(network, err);
}

int networks_address_last(struct crew *crew, struct crew_network *network, uint32_t *out,
                          struct error *err)
{
    uint32_t subnet = network->network.subnet;

    for (uint32_t address = subnet + size_of(network) - 2; address > subnet; address--) {
        struct error used = { 0 };
        bool taken = false;

        if (addrpool_take_given(&network->pool, address, &used) < 0)
            continue;
        if (lease(crew, network, address, &taken, err) < 0)
            return -1;
        if (!taken)
            continue;
        *out = address;
        return 0;
    }
    return refuse_full(network, err);
}

void networks_address_release(struct crew *crew, struct crew_network *network, uint32_t address)
{
    addrpool_release(&network->pool, address);
    if (network->is_shared)
        shared_network_release(network->name, crew->project, address);
}

uint32_t networks_address_resolver(const struct crew_network *network)
{
    return network->resolver ? network->resolver : network->network.gateway;
}

static const struct state_replica *find_holder(const struct crew *crew, const char *key,
                                               uint32_t address)
{
    for (size_t i = 0; i < crew->replica_count; i++) {
        const struct state_endpoint *endpoint =
            netplan_find_endpoint(crew->replicas[i]->record, key);

        if (endpoint && endpoint->address == address)
            return crew->replicas[i]->record;
    }
    return NULL;
}

/* One that the file gives; the stack may have it already. */
static int take(struct crew *crew, struct crew_network *network, uint32_t address,
                struct error *err)
{
    struct error used = { 0 };
    char text[16];

    if (addrpool_take_given(&network->pool, address, &used) < 0 && used.code != ERROR_EXISTS) {
        *err = used;
        return -1;
    }
    if (!network->is_shared || shared_network_take(network->name, crew->project, address, err) == 0)
        return 0;
    if (used.code == ERROR_NONE)
        addrpool_release(&network->pool, address);
    if (err->code != ERROR_EXISTS)
        return -1;
    error_clear(err);
    addrpool_format_address(address, text);
    return error_set(err, ERROR_EXISTS, "another stack has the address %s: choose another", text);
}

/* Reserve an address that the file gives to a service, unless it has it. */
static int reserve(struct crew *crew, struct crew_network *network, const char *service,
                   const char *given, struct error *err)
{
    const struct state_replica *holder = NULL;
    uint32_t address = 0;

    if (addrpool_parse_address(given, &address, err) < 0)
        return -1;
    if (address == network->network.gateway)
        return error_set(err, ERROR_EXISTS, "%s is the gateway: choose another address", given);
    holder = find_holder(crew, network->key, address);
    if (holder && !text_equal(holder->service, service))
        return error_set(err, ERROR_EXISTS, "%s is the address of '%s': choose another", given,
                         holder->name);
    for (size_t i = 0; i < network->virtual_count; i++)
        if (network->virtuals[i].address == address)
            return error_set(err, ERROR_EXISTS, "%s is the address of service '%s': choose another",
                             given, network->virtuals[i].service);
    if (address == network->resolver)
        return error_set(err, ERROR_EXISTS, "%s is a name server's: choose another", given);
    return take(crew, network, address, err);
}

int networks_address_reserve(struct crew *crew, struct crew_network *network,
                             const struct stack *stack, struct error *err)
{
    for (size_t i = 0; i < stack->service_count; i++) {
        const struct service *service = &stack->services[i];

        for (size_t j = 0; j < service->network_count; j++) {
            const struct service_network *use = &service->networks[j];

            if (use->ipv4_address && text_equal(use->network, network->key) &&
                reserve(crew, network, service->name, use->ipv4_address, err) < 0)
                return error_wrap(err, "service '%s': network '%s'", service->name, network->key);
        }
    }
    return 0;
}

bool networks_address_is_given(const struct crew *crew, const struct crew_network *network,
                               uint32_t address)
{
    const struct stack *stack = crew->current->stack;

    for (size_t i = 0; i < stack->service_count; i++) {
        const struct service *service = &stack->services[i];

        for (size_t j = 0; j < service->network_count; j++) {
            struct error ignored = { 0 };
            uint32_t given = 0;

            if (service->networks[j].ipv4_address &&
                text_equal(service->networks[j].network, network->key) &&
                addrpool_parse_address(service->networks[j].ipv4_address, &given, &ignored) == 0 &&
                given == address)
                return true;
        }
    }
    return false;
}
