/* SPDX-License-Identifier: MIT */

/*
 * Who is reached how: the stack's replicas become packet rules and names
 */

#include "supervise/netplan.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/addrpool.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/parse.h"

const struct state_endpoint *netplan_find_endpoint(const struct state_replica *replica,
                                                   const char *key)
{
    for (size_t i = 0; i < replica->endpoint_count; i++)
        if (text_equal(replica->endpoints[i].network, key))
            return &replica->endpoints[i];
    return NULL;
}

uint32_t netplan_find_virtual(const struct netplan_network *network, const char *service)
{
    for (size_t i = 0; i < network->virtual_count; i++)
        if (text_equal(network->virtuals[i].service, service))
            return network->virtuals[i].address;
    return 0;
}

/* The addresses of a service's ready replicas: on network `key`, or (NULL) on their first. */
static uint32_t *ready_addresses(const struct netplan_input *input, const char *service,
                                 const char *key, size_t *count_out)
{
    uint32_t *addresses = NULL;
    size_t count = 0;

    for (size_t i = 0; i < input->member_count; i++) {
        const struct state_replica *replica = input->members[i].replica;
        const struct state_endpoint *endpoint = NULL;

        if (!input->members[i].ready || !text_equal(replica->service, service))
            continue;
        if (key)
            endpoint = netplan_find_endpoint(replica, key);
        else if (replica->endpoint_count)
            endpoint = &replica->endpoints[0];
        if (endpoint)
            *ALLOC_APPEND(addresses, count) = endpoint->address;
    }
    *count_out = count;
    return addresses;
}

static void add_port_number(uint16_t **ports, size_t *count, uint16_t port)
{
    for (size_t i = 0; i < *count; i++)
        if ((*ports)[i] == port)
            return;
    *ports = alloc_grow(*ports, *count, sizeof(**ports));
    (*ports)[(*count)++] = port;
}

/* "8080", "8080/tcp" or a range of them, whose first is taken. */
static uint16_t parse_exposed(const char *text)
{
    char *end = NULL;
    unsigned long port = strtoul(text, &end, 10);

    if (port == 0 || port > UINT16_MAX || strcmp(end, "/udp") == 0)
        return 0;
    return (uint16_t)port;
}

static uint16_t *tcp_ports(const struct service *service, size_t *count_out)
{
    uint16_t *ports = NULL;
    size_t count = 0;

    for (size_t i = 0; i < service->port_count; i++)
        if (service->ports[i].protocol == SERVICE_TCP)
            add_port_number(&ports, &count, service->ports[i].target);
    for (size_t i = 0; i < service->expose.count; i++) {
        uint16_t port = parse_exposed(service->expose.items[i]);

        if (port)
            add_port_number(&ports, &count, port);
    }
    *count_out = count;
    return ports;
}

static void add_virtuals(const struct netplan_input *input, const struct netplan_network *network,
                         struct rules_virtual **virtuals, size_t *count)
{
    for (size_t i = 0; i < network->virtual_count; i++) {
        const struct netplan_virtual *from = &network->virtuals[i];
        const struct service *service = stack_find_service(input->stack, from->service);
        struct rules_virtual *made = NULL;

        if (!service)
            continue;
        *virtuals = alloc_grow(*virtuals, *count, sizeof(**virtuals));
        made = &(*virtuals)[(*count)++];
        made->network = network->network;
        made->address = from->address;
        made->backends = ready_addresses(input, service->name, network->key, &made->backend_count);
        made->tcp_ports = tcp_ports(service, &made->tcp_port_count);
    }
}

void netplan_make_rules(const struct netplan_input *input, struct rules *out)
{
    struct network *networks = NULL;
    struct rules_virtual *virtuals = NULL;
    struct rules_port *ports = NULL;
    size_t count = 0;

    *out = (struct rules){ .table = input->table };
    for (size_t i = 0; i < input->network_count; i++)
        *ALLOC_APPEND(networks, count) = *input->networks[i].network;
    out->networks = networks;
    out->network_count = count;
    count = 0;
    for (size_t i = 0; i < input->network_count; i++)
        add_virtuals(input, &input->networks[i], &virtuals, &count);
    out->virtuals = virtuals;
    out->virtual_count = count;
    count = 0;
    for (size_t i = 0; i < input->port_count; i++) {
        const struct netplan_port *from = &input->ports[i];
        struct rules_port *made = ALLOC_APPEND(ports, count);

        made->host_address = from->host_address;
        made->published = from->published;
        made->target = from->target;
        made->protocol = from->protocol;
        made->backends = ready_addresses(input, from->service, NULL, &made->backend_count);
    }
    out->ports = ports;
    out->port_count = count;
}

static void free_const(const void *pointer)
{
    union {
        const void *borrowed;
        void *owned;
    } both = { .borrowed = pointer };

    free(both.owned);
}

void netplan_rules_done(struct rules *rules)
{
    for (size_t i = 0; i < rules->port_count; i++)
        free_const(rules->ports[i].backends);
    for (size_t i = 0; i < rules->virtual_count; i++) {
        free_const(rules->virtuals[i].backends);
        free_const(rules->virtuals[i].tcp_ports);
    }
    free_const(rules->networks);
    free_const(rules->ports);
    free_const(rules->virtuals);
    *rules = (struct rules){ 0 };
}

static const struct service_network *find_use(const struct service *service, const char *key)
{
    for (size_t i = 0; i < service->network_count; i++)
        if (text_equal(service->networks[i].network, key))
            return &service->networks[i];
    return NULL;
}

/* `service` and its aliases: the virtual address. */
static void add_service_names(const struct netplan_network *network, const struct service *service,
                              struct dns_table *out)
{
    const struct service_network *use = find_use(service, network->key);
    uint32_t address = netplan_find_virtual(network, service->name);

    if (!use)
        return;
    dns_table_add(out, service->name, address);
    for (size_t i = 0; i < use->aliases.count; i++)
        if (!text_equal(use->aliases.items[i], service->name))
            dns_table_add(out, use->aliases.items[i], address);
}

static void add_task_names(const struct netplan_input *input, const struct netplan_network *network,
                           const struct service *service, struct dns_table *out)
{
    AUTO_FREE char *name = alloc_format("tasks.%s", service->name);
    AUTO_FREE uint32_t *addresses = NULL;
    size_t count = 0;

    addresses = ready_addresses(input, service->name, network->key, &count);
    if (count == 0)
        dns_table_add(out, name, 0);
    for (size_t i = 0; i < count; i++)
        dns_table_add(out, name, addresses[i]);
}

/* While an update replaces a replica, the name is that of the one which is ready. */
static bool is_covered(const struct netplan_input *input, const struct netplan_member *member)
{
    for (size_t i = 0; i < input->member_count && !member->ready; i++)
        if (input->members[i].ready && input->members[i].replica->index == member->replica->index &&
            text_equal(input->members[i].replica->service, member->replica->service))
            return true;
    return false;
}

/* `service-n` and the container's name: one replica. */
static void add_replica_names(const struct netplan_input *input,
                              const struct netplan_network *network,
                              const struct netplan_member *member, struct dns_table *out)
{
    const struct state_endpoint *endpoint = netplan_find_endpoint(member->replica, network->key);
    AUTO_FREE char *name = NULL;

    if (!endpoint || !member->running || is_covered(input, member))
        return;
    name = alloc_format("%s-%lld", member->replica->service, (long long)member->replica->index);
    dns_table_add(out, name, endpoint->address);
    if (!text_equal(name, member->replica->name))
        dns_table_add(out, member->replica->name, endpoint->address);
}

void netplan_make_names(const struct netplan_input *input, size_t network, struct dns_table *out)
{
    const struct netplan_network *on = &input->networks[network];

    for (size_t i = 0; i < input->stack->service_count; i++) {
        const struct service *service = &input->stack->services[i];

        if (!find_use(service, on->key))
            continue;
        add_service_names(on, service, out);
        add_task_names(input, on, service, out);
        for (size_t j = 0; j < input->member_count; j++)
            if (text_equal(input->members[j].replica->service, service->name))
                add_replica_names(input, on, &input->members[j], out);
    }
}

uint32_t *netplan_find_askers(const struct netplan_input *input, size_t network, size_t *count_out)
{
    const char *key = input->networks[network].key;
    uint32_t *addresses = NULL;
    size_t count = 0;

    for (size_t i = 0; i < input->member_count; i++) {
        const struct state_replica *replica = input->members[i].replica;

        if (!netplan_find_endpoint(replica, key))
            continue;
        for (size_t j = 0; j < replica->endpoint_count; j++)
            if (!text_equal(replica->endpoints[j].network, key))
                *ALLOC_APPEND(addresses, count) = replica->endpoints[j].address;
    }
    *count_out = count;
    return addresses;
}

/* Twice the replicas, because an update starts the new before it stops the old. */
uint64_t netplan_count_addresses(const struct stack *stack, const char *key)
{
    uint64_t count = 3; /* network, gateway, broadcast */

    for (size_t i = 0; i < stack->service_count; i++) {
        const struct service *service = &stack->services[i];
        int64_t most = service->replicas;

        if (!find_use(service, key))
            continue;
        if (service->autoscale.enabled && service->autoscale.max > most)
            most = service->autoscale.max;
        count += 1 + 2 * (uint64_t)MAX(most, 0);
    }
    return count;
}

uint8_t netplan_prefix_for(uint64_t addresses)
{
    uint8_t prefix = 24;

    while (prefix > 16 && (UINT64_C(1) << (32 - prefix)) < addresses)
        prefix--;
    return prefix;
}

/* "name:address" or "name=address", where host-gateway means the bridge. */
static void add_extra_host(const char *text, uint32_t gateway, struct text *out)
{
    size_t split = strcspn(text, "=:");
    const char *address = text[split] ? text + split + 1 : "";
    char bridge[16];

    if (!*address)
        return;
    if (strcmp(address, "host-gateway") == 0) {
        addrpool_format_address(gateway, bridge);
        address = bridge;
    }
    text_add_format(out, "%s\t%.*s\n", address, (int)split, text);
}

void netplan_format_hosts(const struct service *service, const struct state_replica *replica,
                          const char *hostname, uint32_t gateway, struct text *out)
{
    text_add(out, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
    for (size_t i = 0; i < service->extra_hosts.count; i++)
        add_extra_host(service->extra_hosts.items[i], gateway, out);
    for (size_t i = 0; i < replica->endpoint_count; i++) {
        char address[16];

        addrpool_format_address(replica->endpoints[i].address, address);
        text_add_format(out, "%s\t%s\n", address, hostname);
    }
}

static void add_words(const char *key, const struct strings *words, struct text *out)
{
    if (words->count == 0)
        return;
    text_add(out, key);
    for (size_t i = 0; i < words->count; i++)
        text_add_format(out, " %s", words->items[i]);
    text_add(out, "\n");
}

void netplan_format_resolver(const struct service *service, uint32_t server, struct text *out)
{
    char address[16];

    if (server) {
        addrpool_format_address(server, address);
        text_add_format(out, "nameserver %s\n", address);
    }
    for (size_t i = 0; i < service->dns.count; i++)
        text_add_format(out, "nameserver %s\n", service->dns.items[i]);
    add_words("search", &service->dns_search, out);
    if (service->dns_opt.count > 0)
        add_words("options", &service->dns_opt, out);
    else
        text_add(out, "options ndots:0\n");
}
