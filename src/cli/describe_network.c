/* SPDX-License-Identifier: MIT */

/*
 * What is known of a network, with docker's keys
 */

#include "cli/describe_network.h"

#include <stdlib.h>
#include <string.h>

#include "net/addrpool.h"
#include "supervise/state.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/place.h"

#define SHORT_ID 12

const struct listing_column describe_network_columns[] = {
    { "ID", "NETWORK ID" },     { "Name", "NAME" },
    { "Driver", "DRIVER" },     { "Subnet", "SUBNET" },
    { "Internal", "INTERNAL" }, { "CreatedAt", "CREATED AT" },
    { "Labels", "LABELS" },     { NULL, NULL },
};

/* The same for a network's whole life, and another for the next of that name. */
static void make_id(const struct shared_network *network, char out[65])
{
    AUTO_FREE char *text = alloc_format("%s %s %lld", network->network.bridge, network->name,
                                        (long long)network->created_ms);

    hash_sha256_hex_of(text, strlen(text), out);
}

static char *format_subnet(uint32_t address, uint8_t prefix)
{
    char text[16];

    addrpool_format_address(address, text);
    return alloc_format("%s/%u", text, prefix);
}

struct json *describe_network_row(const struct shared_network *network)
{
    struct json *row = json_new_object();
    AUTO_FREE char *subnet = format_subnet(network->network.subnet, network->network.prefix);
    AUTO_TEXT struct text labels = { 0 };
    char id[65];
    char created[32];

    make_id(network, id);
    id[SHORT_ID] = '\0';
    clock_format_wall(network->created_ms, created);
    for (size_t i = 0; i < network->labels.count; i++)
        text_add_format(&labels, "%s%s=%s", i ? "," : "", network->labels.pairs[i].key,
                        network->labels.pairs[i].value);
    json_set_text(row, "ID", id);
    json_set_text(row, "Name", network->name);
    json_set_text(row, "Driver", "bridge");
    json_set_text(row, "Subnet", subnet);
    json_set_text(row, "Internal", network->network.internal ? "true" : "false");
    json_set_text(row, "CreatedAt", created);
    json_set_text(row, "Labels", text_get(&labels));
    return row;
}

static struct json *describe_pool(const struct network *network)
{
    struct json *ipam = json_new_object();
    struct json *pools = json_new_array();
    struct json *pool = json_new_object();
    AUTO_FREE char *subnet = format_subnet(network->subnet, network->prefix);
    char gateway[16];

    addrpool_format_address(network->gateway, gateway);
    json_set_text(pool, "Subnet", subnet);
    json_set_text(pool, "Gateway", gateway);
    json_append(pools, pool);
    json_set_text(ipam, "Driver", "default");
    json_set(ipam, "Config", pools);
    return ipam;
}

/* Is the address in the network's subnet? No other network of the machine overlaps it. */
static bool is_within(const struct network *network, uint32_t address)
{
    return address - network->subnet < (UINT32_C(1) << (32 - network->prefix));
}

static int add_containers(const struct network *network, const char *project,
                          struct json *containers, struct error *err)
{
    AUTO_FREE char *folder = place_in_run("stacks/%s/replicas", project);
    struct state_replica **replicas = NULL;
    size_t count = 0;

    if (state_load_replicas(folder, &replicas, &count, err) < 0)
        return error_wrap(err, "stack '%s'", project);
    for (size_t i = 0; i < count; i++) {
        for (size_t n = 0; n < replicas[i]->endpoint_count; n++) {
            uint32_t address = replicas[i]->endpoints[n].address;
            AUTO_FREE char *text = format_subnet(address, network->prefix);
            struct json *container = NULL;

            if (!is_within(network, address))
                continue;
            container = json_new_object();
            json_set_text(container, "Name", replicas[i]->name);
            json_set_text(container, "IPv4Address", text);
            json_set_text(container, "Project", project);
            json_set(containers, replicas[i]->name, container);
        }
        state_replica_free(replicas[i]);
    }
    free(replicas);
    return 0;
}

int describe_network(const struct shared_network *network, struct json **out, struct error *err)
{
    AUTO_STRINGS struct strings projects = { 0 };
    AUTO(json) struct json *json = json_new_object();
    struct json *containers = json_new_object();
    struct json *labels = json_new_object();
    char id[65];
    char created[32];

    make_id(network, id);
    clock_format_wall(network->created_ms, created);
    json_set_text(json, "Name", network->name);
    json_set_text(json, "Id", id);
    json_set_text(json, "Created", created);
    json_set_text(json, "Scope", "local");
    json_set_text(json, "Driver", "bridge");
    json_set_bool(json, "EnableIPv6", false);
    json_set(json, "IPAM", describe_pool(&network->network));
    json_set_bool(json, "Internal", network->network.internal);
    json_set_text(json, "Bridge", network->network.bridge);
    json_set(json, "Containers", containers);
    json_set(json, "Labels", labels);
    for (size_t i = 0; i < network->labels.count; i++)
        json_set_text(labels, network->labels.pairs[i].key, network->labels.pairs[i].value);
    if (shared_network_find_users(network->name, &projects, err) < 0)
        return -1;
    for (size_t i = 0; i < projects.count; i++)
        if (add_containers(&network->network, projects.items[i], containers, err) < 0)
            return -1;
    *out = STEAL_PTR(json);
    return 0;
}
