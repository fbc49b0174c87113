/* SPDX-License-Identifier: MIT */

/*
 * Bridges and endpoints
 */

#include "net/network.h"

#include <string.h>

#include "net/host_settings.h"
#include "net/netlink.h"
#include "net/netlink_flows.h"
#include "net/netns.h"
#include "util/error.h"
#include "util/text.h"

/*
 * Settings of a bridge. route_localnet lets the answers to connections from 127.0.0.1 in; the
 * rules drop what else claims to be for 127.0.0.0/8. A replica on two networks answers by its
 * default route, so the source of a packet need not be a neighbour (2: any known network).
 */
static const struct {
    const char *name;
    const char *value;
} bridge_settings[] = {
    { "ipv6/conf/%s/disable_ipv6", "1" },     { "ipv4/conf/%s/route_localnet", "1" },
    { "ipv4/conf/%s/rp_filter", "2" },        { "ipv4/conf/%s/send_redirects", "0" },
    { "ipv4/conf/%s/accept_redirects", "0" },
};

/* The MAC of an address: locally administered, and the same for the address for ever. */
static void mac_of(uint32_t address, uint8_t mac[NETLINK_MAC_LENGTH])
{
    mac[0] = 0x02;
    mac[1] = 0x42;
    mac[2] = (uint8_t)(address >> 24);
    mac[3] = (uint8_t)(address >> 16);
    mac[4] = (uint8_t)(address >> 8);
    mac[5] = (uint8_t)address;
}

static int set_bridge(const char *bridge, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(bridge_settings); i++) {
        AUTO_TEXT struct text name = { 0 };
        const char *mark = strstr(bridge_settings[i].name, "%s");

        text_add_bytes(&name, bridge_settings[i].name, (size_t)(mark - bridge_settings[i].name));
        text_add(&name, bridge);
        text_add(&name, mark + 2);
        if (netns_set(text_get(&name), bridge_settings[i].value, err) < 0)
            return -1;
    }
    return 0;
}

static int apply_bridge(const struct network *network, struct error *err)
{
    AUTO(netlink) struct netlink *netlink = netlink_open(err);
    struct netlink_link link = { 0 };
    uint8_t mac[NETLINK_MAC_LENGTH];

    if (!netlink)
        return -1;
    mac_of(network->gateway, mac);
    netlink_add_bridge(netlink, network->bridge, mac);
    if (netlink_commit(netlink, err) < 0 ||
        netlink_find_link(netlink, network->bridge, &link, err) < 0 ||
        set_bridge(network->bridge, err) < 0)
        return -1;
    netlink_add_address(netlink, link.index, network->gateway, network->prefix);
    netlink_set_up(netlink, network->bridge);
    return netlink_commit(netlink, err);
}

int network_apply(const struct network *network, struct error *err)
{
    if (apply_bridge(network, err) < 0)
        return error_wrap(err, "make network '%s'", network->bridge);
    return 0;
}

int network_remove(const char *bridge, struct error *err)
{
    AUTO(netlink) struct netlink *netlink = netlink_open(err);

    if (!netlink)
        return error_wrap(err, "remove network '%s'", bridge);
    netlink_delete_link(netlink, bridge);
    return netlink_commit(netlink, err);
}

int network_add_address(const char *bridge, uint32_t address, struct error *err)
{
    AUTO(netlink) struct netlink *netlink = netlink_open(err);
    struct netlink_link link = { 0 };

    if (!netlink || netlink_find_link(netlink, bridge, &link, err) < 0)
        return error_wrap(err, "add an address to network '%s'", bridge);
    netlink_add_address(netlink, link.index, address, 32);
    return netlink_commit(netlink, err);
}

int network_remove_address(const char *bridge, uint32_t address, struct error *err)
{
    AUTO(netlink) struct netlink *netlink = netlink_open(err);
    struct netlink_link link = { 0 };

    if (!netlink)
        return error_wrap(err, "remove an address from network '%s'", bridge);
    if (netlink_find_link(netlink, bridge, &link, err) < 0) {
        if (err->code != ERROR_NOT_FOUND)
            return error_wrap(err, "remove an address from network '%s'", bridge);
        error_clear(err);
        return 0;
    }
    netlink_delete_address(netlink, link.index, address, 32);
    return netlink_commit(netlink, err);
}

int network_make_namespace(const char *path, struct error *err)
{
    return netns_make(path, err);
}

int network_remove_namespace(const char *path, struct error *err)
{
    return netns_remove(path, err);
}

/* Does the link exist? Its absence is an answer, not an error. */
static int look_for(struct netlink *netlink, const char *name, struct netlink_link *out,
                    struct error *err)
{
    *out = (struct netlink_link){ 0 };
    if (netlink_find_link(netlink, name, out, err) == 0)
        return 0;
    if (err->code != ERROR_NOT_FOUND)
        return -1;
    error_clear(err);
    return 0;
}

/*
 * Leave either the wanted pair or none of the two names: half a pair, or names that belong to
 * others, are what an interrupted attach left behind.
 */
static int clear_way(struct netlink *host, struct netlink *inner,
                     const struct network_endpoint *endpoint, bool *there, struct error *err)
{
    struct netlink_link outer_link = { 0 };
    struct netlink_link inner_link = { 0 };

    if (look_for(host, endpoint->host_link, &outer_link, err) < 0 ||
        look_for(inner, endpoint->inner_link, &inner_link, err) < 0)
        return -1;
    *there = outer_link.index != 0 && inner_link.index != 0 &&
             outer_link.peer == inner_link.index && inner_link.peer == outer_link.index &&
             outer_link.master != 0;
    if (*there)
        return 0;
    if (outer_link.index != 0)
        netlink_delete_link(host, endpoint->host_link);
    if (netlink_commit(host, err) < 0)
        return -1;
    if (inner_link.index != 0)
        netlink_delete_link(inner, endpoint->inner_link);
    return netlink_commit(inner, err);
}

/*
 * The host's side: the new pair comes with its place on the bridge, and is up when the bridge
 * knows the only address that it takes frames of.
 */
static int join_bridge(struct netlink *host, int netns, const struct network_endpoint *endpoint,
                       bool there, struct error *err)
{
    struct netlink_veth veth = { .name = endpoint->host_link,
                                 .peer_name = endpoint->inner_link,
                                 .netns = netns };
    struct netlink_link bridge = { 0 };
    struct netlink_link port = { 0 };

    if (netlink_find_link(host, endpoint->network->bridge, &bridge, err) < 0)
        return -1;
    veth.master = bridge.index;
    mac_of(endpoint->address, veth.peer_mac);
    if (!there)
        netlink_add_veth(host, &veth);
    netlink_set_without_ipv6(host, endpoint->host_link);
    netlink_set_port(host, endpoint->host_link);
    if (netlink_commit(host, err) < 0 ||
        netlink_find_link(host, endpoint->host_link, &port, err) < 0)
        return -1;
    netlink_add_station(host, port.index, veth.peer_mac);
    netlink_set_up(host, endpoint->host_link);
    netlink_add_neighbour(host, bridge.index, endpoint->address, veth.peer_mac);
    return netlink_commit(host, err);
}

static int furnish_inside(struct netlink *inner, const struct network_endpoint *endpoint,
                          struct error *err)
{
    const struct network *network = endpoint->network;
    uint8_t mac[NETLINK_MAC_LENGTH];
    struct netlink_link link = { 0 };

    if (netlink_find_link(inner, endpoint->inner_link, &link, err) < 0)
        return -1;
    mac_of(network->gateway, mac);
    netlink_set_up(inner, endpoint->inner_link);
    netlink_add_address(inner, link.index, endpoint->address, network->prefix);
    netlink_add_neighbour(inner, link.index, network->gateway, mac);
    if (endpoint->default_route && !network->internal)
        netlink_add_default_route(inner, link.index, network->gateway);
    return netlink_commit(inner, err);
}

static int attach(int netns, const struct network_endpoint *endpoint, struct error *err)
{
    AUTO(netlink) struct netlink *host = netlink_open(err);
    AUTO(netlink) struct netlink *inner = host ? netlink_open_in(netns, err) : NULL;
    bool there = false;

    if (!inner || clear_way(host, inner, endpoint, &there, err) < 0 ||
        join_bridge(host, netns, endpoint, there, err) < 0)
        return -1;
    return furnish_inside(inner, endpoint, err);
}

int network_attach(const char *netns_path, const struct network_endpoint *endpoint,
                   struct error *err)
{
    AUTO_CLOSE int netns = -1;

    if (netns_open(netns_path, &netns, err) < 0 || attach(netns, endpoint, err) < 0)
        return error_wrap(err, "connect '%s' to network '%s'", netns_path,
                          endpoint->network->bridge);
    return 0;
}

int network_sweep_links(const char *prefix, struct error *err)
{
    AUTO(netlink) struct netlink *netlink = netlink_open(err);
    AUTO_FREE struct netlink_link *links = NULL;
    size_t count = 0;

    if (!netlink || netlink_list_links(netlink, &links, &count, err) < 0)
        return error_wrap(err, "sweep links '%s*'", prefix);
    for (size_t i = 0; i < count; i++)
        if (text_starts_with(links[i].name, prefix))
            netlink_delete_link(netlink, links[i].name);
    return netlink_commit(netlink, err);
}

int network_prepare_host(const char *record, struct error *err)
{
    return host_settings_apply(record, err);
}

int network_restore_host(const char *record, struct error *err)
{
    return host_settings_restore(record, err);
}

int network_forget_flows(const struct netlink_subnet *subnets, size_t count, struct error *err)
{
    return count > 0 ? netlink_flows_forget(subnets, count, err) : 0;
}
