/* SPDX-License-Identifier: MIT */

/*
 * Who is reached how: the stack's replicas become packet rules and names
 *
 * Pure: from what the supervisor knows about networks, addresses and readiness to the table of
 * net/rules.h and, for each network, that of net/dns.h. A replica that is ready takes part in
 * its service's virtual address and published ports; one that merely runs has its own name.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/dns.h"
#include "net/rules.h"
#include "stack/stack.h"
#include "supervise/state.h"
#include "util/text.h"

/* The address of a service on one network, whichever replicas it has. */
struct netplan_virtual {
    char *service;
    uint32_t address;
};

struct netplan_network {
    const char *key;
    const struct network *network;
    const struct netplan_virtual *virtuals;
    size_t virtual_count;
};

struct netplan_member {
    const struct state_replica *replica;
    bool ready, running;
};

/* A published port as it was chosen. */
struct netplan_port {
    char *service;
    uint32_t host_address; /* 0: all */
    uint16_t published, target;
    int protocol; /* IPPROTO_... */
};

struct netplan_input {
    const char *table; /* name of the packet rules' table */
    const struct stack *stack;
    const struct netplan_network *networks;
    size_t network_count;
    const struct netplan_member *members;
    size_t member_count;
    const struct netplan_port *ports;
    size_t port_count;
};

/* The rules; they borrow from `input` and are released by netplan_rules_done(). */
void netplan_make_rules(const struct netplan_input *input, struct rules *out);
void netplan_rules_done(struct rules *rules);

/* The names of the network input->networks[network]. */
void netplan_make_names(const struct netplan_input *input, size_t network, struct dns_table *out);

/*
 * Who may know those names on other networks, too: the addresses there of the replicas that are
 * on this one. A replica asks the name server of its first network only.
 */
uint32_t *netplan_find_askers(const struct netplan_input *input, size_t network, size_t *count_out);

/* The replica's endpoint on the network `key`, or NULL. */
const struct state_endpoint *netplan_find_endpoint(const struct state_replica *replica,
                                                   const char *key);

/* The virtual address of `service` on the network, or 0. */
uint32_t netplan_find_virtual(const struct netplan_network *network, const char *service);

/* Addresses (hosts included) that the services and replicas of `stack` may need on `key`. */
uint64_t netplan_count_addresses(const struct stack *stack, const char *key);

/* The least prefix that holds as many; 24 unless more are asked for. */
uint8_t netplan_prefix_for(uint64_t addresses);

/*
 * The contents of a replica's /etc/hosts and /etc/resolv.conf. `gateway`, and `server`, its name
 * server, are those of its first network, 0 when it has none.
 */
void netplan_format_hosts(const struct service *service, const struct state_replica *replica,
                          const char *hostname, uint32_t gateway, struct text *out);
void netplan_format_resolver(const struct service *service, uint32_t server, struct text *out);
