/* SPDX-License-Identifier: MIT */

/*
 * Bridges and endpoints
 *
 * A network is a bridge with a subnet, named network_id; a replica has one network namespace
 * (a bind-mounted nsfs file, so that it outlives its processes and a sweep can find it) with a
 * veth on each of its networks. All functions are idempotent: applying what is there already
 * succeeds, removing what is gone too. The MAC of an endpoint derives from its address, and
 * permanent neighbour entries spare the first ARP (docs/reference).
 */

#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/macro.h"

struct error;
struct netlink_subnet;

/* Addresses are in host byte order everywhere in net/, except where in_addr is written. */
struct network {
    char bridge[16];  /* name of the link: "c" + hash, at most 15 characters */
    uint32_t subnet;  /* 10.88.3.0 */
    uint8_t prefix;   /* 24 */
    uint32_t gateway; /* the bridge's own address; replicas' default route and name server */
    bool internal;    /* no way out */
};

/* Make the bridge, give it its address, set it up. */
int network_apply(const struct network *network, struct error *err) MUST_CHECK;
int network_remove(const char *bridge, struct error *err) MUST_CHECK;

/* Secondary /32 addresses of the bridge: the virtual addresses of services. */
int network_add_address(const char *bridge, uint32_t address, struct error *err) MUST_CHECK;
int network_remove_address(const char *bridge, uint32_t address, struct error *err) MUST_CHECK;

/* Make a network namespace with loopback up and bind it at the file `path`. */
int network_make_namespace(const char *path, struct error *err) MUST_CHECK;
int network_remove_namespace(const char *path, struct error *err) MUST_CHECK;

struct network_endpoint {
    const struct network *network;
    char host_link[16];  /* name of the veth on the host, unique per generation */
    char inner_link[16]; /* "eth0" */
    uint32_t address;
    bool default_route; /* this network leads out */
};

/* Connect the namespace at `netns_path` to the network. */
int network_attach(const char *netns_path, const struct network_endpoint *endpoint,
                   struct error *err) MUST_CHECK;

/* Remove every link whose name begins with `prefix` (a sweep). */
int network_sweep_links(const char *prefix, struct error *err) MUST_CHECK;

/*
 * Sysctls the data path needs (ip_forward, ...): the values that were changed are recorded in
 * the file `record`, one for all stacks of a CARTE_RUN, and put back by network_restore_host()
 * when no stack has a table of packet rules any more; it does nothing before. Hold
 * addrpool_lock() from network_prepare_host() until rules_apply() is done, and from
 * rules_remove() until network_restore_host() is.
 */
int network_prepare_host(const char *record, struct error *err) MUST_CHECK;
int network_restore_host(const char *record, struct error *err) MUST_CHECK;

/*
 * Forget the flows of connection tracking to or from subnets, or addresses with prefix 32 (UDP
 * has no other end). The host's whole table is gone through, which takes milliseconds even when
 * it is empty: ask once for many.
 */
int network_forget_flows(const struct netlink_subnet *subnets, size_t count,
                         struct error *err) MUST_CHECK;
