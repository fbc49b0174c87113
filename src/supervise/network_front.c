/* SPDX-License-Identifier: MIT */

/*
 * Rules to the kernel and names to the front, from the present state of the crew
 *
 * Both are rebuilt from scratch (netplan.h) whenever the set of ready replicas changed, at most
 * once per turn of the loop; the rules are replaced in one transaction.
 */

#include "supervise/network_front.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/netlink.h"
#include "net/network.h"
#include "net/rules.h"
#include "net/rules_list.h"
#include "supervise/crew.h"
#include "supervise/networks_address.h"
#include "supervise/replica.h"
#include "supervise/shared_names.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/log.h"

#define NAME_PORT 53
#define FRONT_RESTART_MS 1000
#define RULES_RETRY_MS 1000

/* The crew as netplan.h sees it; borrows from the crew, the arrays are the caller's. */
static void describe(const struct crew *crew, struct netplan_network **networks_out,
                     struct netplan_member **members_out, struct netplan_input *out)
{
    struct netplan_network *networks = alloc_array(struct netplan_network, crew->network_count + 1);
    struct netplan_member *members = alloc_array(struct netplan_member, crew->replica_count + 1);

    for (size_t i = 0; i < crew->network_count; i++) {
        networks[i].key = crew->networks[i]->key;
        networks[i].network = &crew->networks[i]->network;
        networks[i].virtuals = crew->networks[i]->virtuals;
        networks[i].virtual_count = crew->networks[i]->virtual_count;
    }
    for (size_t i = 0; i < crew->replica_count; i++) {
        members[i].replica = crew->replicas[i]->record;
        members[i].ready = crew->replicas[i]->ready;
        members[i].running = replica_rules_is_alive(crew->replicas[i]->record->state);
    }
    *out = (struct netplan_input){
        .table = crew->object_name,
        .stack = crew->current->stack,
        .networks = networks,
        .network_count = crew->network_count,
        .members = members,
        .member_count = crew->replica_count,
        .ports = crew->ports,
        .port_count = crew->port_count,
    };
    *networks_out = networks;
    *members_out = members;
}

/* UDP has no end of its own: what still flows to a replica that left is balanced anew. */
static void forget_flows(struct crew *crew)
{
    AUTO_FREE struct netlink_subnet *ends = NULL;
    struct error err = { 0 };
    size_t count = 0;

    for (size_t i = 0; i < crew->replica_count; i++) {
        struct replica *replica = crew->replicas[i];

        if (!replica->forget_flows)
            continue;
        replica->forget_flows = false;
        for (size_t j = 0; j < replica->record->endpoint_count; j++)
            *ALLOC_APPEND(ends, count) =
                (struct netlink_subnet){ replica->record->endpoints[j].address, 32 };
    }
    if (network_forget_flows(ends, count, &err) < 0)
        log_debug("flows were not forgotten", LOG_TEXT("why", err.text));
}

static bool flush_rules(struct crew *crew, const struct netplan_input *input)
{
    struct rules rules;
    struct error err = { 0 };
    int result = 0;

    netplan_make_rules(input, &rules);
    result = rules_apply(&rules, &err);
    netplan_rules_done(&rules);
    if (result < 0) {
        events_emit(crew->events, "rules_failed", NULL, NULL, "%s", err.text);
        log_error("the packet rules could not be applied", LOG_TEXT("why", err.text));
        crew_wake(crew, clock_now_ms() + RULES_RETRY_MS);
        return false;
    }
    crew->rules_stale = false;
    forget_flows(crew);
    return true;
}

void network_front_check_rules(struct crew *crew)
{
    struct error err = { 0 };
    bool has = true;

    if (crew->rules_stale || crew->network_count == 0)
        return;
    if (rules_list_has(crew->object_name, &has, &err) < 0) {
        log_error("the packet rules could not be looked at", LOG_TEXT("why", err.text));
        error_clear(&err);
        return;
    }
    if (has)
        return;
    events_emit(crew->events, "rules_lost", NULL, NULL,
                "another program has removed the packet rules: they are written again");
    crew->rules_stale = true;
    crew_touch(crew);
}

static void end_front(struct crew *crew)
{
    front_stop(crew->front);
    crew->front = NULL;
    crew->front_at_ms = clock_now_ms() + FRONT_RESTART_MS;
}

/* Told to other stacks whether or not there is a front that asks on behalf of this one. */
static void publish_names(struct crew *crew, const struct netplan_input *input)
{
    for (size_t i = 0; i < crew->network_count; i++) {
        struct dns_table table = { 0 };
        struct error err = { 0 };

        if (!crew->networks[i]->is_shared)
            continue;
        netplan_make_names(input, i, &table);
        if (shared_names_publish(crew->networks[i]->name, crew->project, &table, &err) < 0)
            log_error("names were not told to other stacks", LOG_TEXT("why", err.text));
        dns_table_done(&table);
    }
}

static void flush_names(struct crew *crew, const struct netplan_input *input)
{
    struct error err = { 0 };
    int result = 0;

    if (!crew->front)
        return;
    for (size_t i = 0; result == 0 && i < crew->network_count; i++) {
        AUTO_FREE uint32_t *askers = NULL;
        struct dns_table table = { 0 };
        size_t count = 0;

        netplan_make_names(input, i, &table);
        if (crew->networks[i]->is_shared)
            shared_names_gather(crew->networks[i]->name, crew->project, &table);
        askers = netplan_find_askers(input, i, &count);
        result = front_set_names(crew->front, crew->networks[i]->key, &table, askers, count, &err);
        dns_table_done(&table);
    }
    if (result == 0)
        result = front_use_names(crew->front, &err);
    if (result < 0) {
        log_warn("the front does not take names", LOG_TEXT("why", err.text));
        end_front(crew);
        return;
    }
    crew->names_stale = crew->askers_stale = false;
}

void network_front_introduce(struct crew *crew)
{
    AUTO_FREE struct netplan_network *networks = NULL;
    AUTO_FREE struct netplan_member *members = NULL;
    struct netplan_input input;

    if (!crew->current || crew->ending || !crew->askers_stale)
        return;
    describe(crew, &networks, &members, &input);
    flush_names(crew, &input);
    /* They have not started: what becomes of them is told by the next flush. */
    crew->askers_stale = false;
    crew->names_stale = true;
}

bool network_front_flush(struct crew *crew)
{
    AUTO_FREE struct netplan_network *networks = NULL;
    AUTO_FREE struct netplan_member *members = NULL;
    struct netplan_input input;
    bool ok = true;

    /* While everything stops the rules stay as they are; then they go all at once. */
    if (!crew->current || crew->ending || (!crew->rules_stale && !crew->names_stale))
        return true;
    describe(crew, &networks, &members, &input);
    if (crew->names_stale) {
        publish_names(crew, &input);
        flush_names(crew, &input);
    }
    if (crew->rules_stale && (crew->network_count || crew->port_count))
        ok = flush_rules(crew, &input);
    else
        crew->rules_stale = false;
    return ok;
}

static void handle_front_end(void *context, const char *reason)
{
    struct crew *crew = context;

    log_warn("the front ended and is started again", LOG_TEXT("why", reason));
    /* At once, but not for ever: one that cannot live must not keep the supervisor busy. */
    crew->front_at_ms = MAX(clock_now_ms(), crew->front_began_ms + FRONT_RESTART_MS);
    crew_touch(crew);
}

/* The sockets are opened once per life of the supervisor and outlive a front. */
static int tell_network(struct crew *crew, struct crew_network *network, struct error *err)
{
    if (network->sockets[0] < 0 &&
        front_open_sockets(networks_address_resolver(network), NAME_PORT, &network->sockets[0],
                           &network->sockets[1], err) < 0)
        return -1;
    return front_set_network(crew->front, network->key, network->sockets, network->network.internal,
                             err);
}

static int tell_relays(struct crew *crew, struct error *err)
{
    uint16_t *ports = alloc_array(uint16_t, crew->port_count + 1);
    size_t count = 0;
    int result = 0;

    for (size_t i = 0; i < crew->port_count; i++)
        if (crew->ports[i].protocol == IPPROTO_TCP && crew->ports[i].host_address == 0)
            ports[count++] = crew->ports[i].published;
    result = front_set_relays(crew->front, ports, count, err);
    free(ports);
    return result;
}

static int tell_everything(struct crew *crew, struct error *err)
{
    for (size_t i = 0; i < crew->network_count; i++)
        if (tell_network(crew, crew->networks[i], err) < 0)
            return -1;
    return tell_relays(crew, err);
}

void network_front_start(struct crew *crew)
{
    struct error err = { 0 };

    if ((crew->network_count == 0 && crew->port_count == 0) || crew->ending)
        return;
    if (crew->front_at_ms) {
        if (clock_now_ms() < crew->front_at_ms)
            return;
        end_front(crew);
        crew->front_at_ms = 0;
    }
    if (!crew->front) {
        crew->front_began_ms = clock_now_ms();
        if (front_start(crew->base, handle_front_end, crew, &crew->front, &err) < 0) {
            crew->front = NULL;
            crew->front_at_ms = crew->front_began_ms + FRONT_RESTART_MS;
            log_error("the front could not be started", LOG_TEXT("why", err.text));
            return;
        }
    }
    if (tell_everything(crew, &err) < 0) {
        log_error("the front could not be set up", LOG_TEXT("why", err.text));
        end_front(crew);
        return;
    }
    crew->names_stale = true;
    crew->front_stale = false;
    crew_touch(crew);
}

void network_front_forget(struct crew *crew, struct crew_network *network)
{
    struct error err = { 0 };

    if (crew->front && front_remove_network(crew->front, network->key, &err) < 0)
        log_debug("the front did not forget a network", LOG_TEXT("why", err.text));
    for (size_t i = 0; i < 2; i++)
        if (network->sockets[i] >= 0)
            close(network->sockets[i]);
    network->sockets[0] = network->sockets[1] = -1;
}
