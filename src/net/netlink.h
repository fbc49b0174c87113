/* SPDX-License-Identifier: MIT */

/*
 * Requests to the kernel about links, addresses, neighbours and routes
 *
 * Requests are collected, sent in one message by netlink_commit(), and each is acknowledged: a
 * link, its place on a bridge and its neighbour entry cost one system call. Every change is a
 * request of its own that can be repeated: what is there already, or gone already, is success.
 * Only the netlink modules of this room know libnl.
 *
 *     AUTO(netlink) struct netlink *netlink = netlink_open(err);
 *     ...
 *     netlink_set_up(netlink, "br0");
 *     netlink_add_address(netlink, index, address, 24);
 *     return netlink_commit(netlink, err);
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/cleanup.h"
#include "util/macro.h"

struct error;
struct netlink; /* a socket, bound to the network namespace it was opened in */

#define NETLINK_MAC_LENGTH 6

/* Open a socket in the present network namespace, or in the one of the descriptor `netns`. */
struct netlink *netlink_open(struct error *err) MUST_CHECK;
struct netlink *netlink_open_in(int netns, struct error *err) MUST_CHECK;
void netlink_free(struct netlink *netlink);
DEFINE_CLEANUP(netlink)

struct netlink_link {
    char name[16];
    int index;
    int peer;   /* index of a veth's other end, in its own namespace */
    int master; /* index of the bridge it is a port of */
};

/* ERROR_NOT_FOUND: no link has this name. */
int netlink_find_link(struct netlink *netlink, const char *name, struct netlink_link *out,
                      struct error *err) MUST_CHECK;

/* All links; the caller frees *out. */
int netlink_list_links(struct netlink *netlink, struct netlink_link **out, size_t *count_out,
                       struct error *err) MUST_CHECK;

/* An IPv4 network that an address or a route of the host occupies. */
struct netlink_subnet {
    uint32_t subnet;
    uint8_t prefix;
};

/* Subnets of all addresses and all routes (default routes too); the caller frees *out. */
int netlink_list_subnets(struct netlink *netlink, struct netlink_subnet **out, size_t *count_out,
                         struct error *err) MUST_CHECK;

/* A pair of links: one end in the socket's namespace on a bridge, the other in `netns`. */
struct netlink_veth {
    const char *name;
    int master; /* index of the bridge */
    const char *peer_name;
    uint8_t peer_mac[NETLINK_MAC_LENGTH];
    int netns; /* descriptor */
};

/* Collect requests. New links are down. */
void netlink_add_bridge(struct netlink *netlink, const char *name,
                        const uint8_t mac[NETLINK_MAC_LENGTH]);
void netlink_add_veth(struct netlink *netlink, const struct netlink_veth *veth);
void netlink_set_up(struct netlink *netlink, const char *name);
void netlink_set_without_ipv6(struct netlink *netlink, const char *name); /* no link-local */
/* A port of a bridge: it may answer itself, and takes frames of its stations alone. */
void netlink_set_port(struct netlink *netlink, const char *name);
void netlink_add_station(struct netlink *netlink, int port, const uint8_t mac[NETLINK_MAC_LENGTH]);
void netlink_delete_link(struct netlink *netlink, const char *name);
void netlink_add_address(struct netlink *netlink, int index, uint32_t address, uint8_t prefix);
void netlink_delete_address(struct netlink *netlink, int index, uint32_t address, uint8_t prefix);
void netlink_add_neighbour(struct netlink *netlink, int index, uint32_t address,
                           const uint8_t mac[NETLINK_MAC_LENGTH]);
void netlink_add_default_route(struct netlink *netlink, int index, uint32_t gateway);

/*
 * Send what was collected and wait for the acknowledgements. All requests are carried out,
 * also after one that fails; the first failure is reported.
 */
int netlink_commit(struct netlink *netlink, struct error *err) MUST_CHECK;
