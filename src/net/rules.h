/* SPDX-License-Identifier: MIT */

/*
 * Packet rules and balancing: one nftables table per stack
 *
 * rules_format() is pure: it writes the whole table as an nft script that replaces the old one
 * in a single transaction; rules_apply() gives it to the kernel through libnftables. So every
 * change of a replica set is atomic, established flows stay where they are (connection
 * tracking), and the data path does not need the supervisor.
 *
 * What the table does:
 *  - published ports: dnat to the ready replicas in turn, from outside, from the host's own
 *    addresses and from 127.0.0.1 (route_localnet, masquerade);
 *  - virtual addresses: the same inside of the stack, masqueraded when client and replica are
 *    on the same subnet;
 *  - no ready replica: tcp is reset, udp answered with port-unreachable;
 *  - a replica that died a moment ago: its "connection refused" (a RST in answer to a SYN) is
 *    dropped on balanced ports, so that the client's SYN is sent again, to a ready one;
 *  - isolation: networks do not reach each other nor other stacks' networks; internal ones have
 *    no way out; the others leave masqueraded; replicas reach the name server of their gateway;
 *  - senders: nobody speaks with the address of another of its network. It is a second table, of
 *    the family "bridge" and the same name.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/network.h"
#include "util/macro.h"
#include "util/text.h"

struct error;

struct rules_port {
    uint32_t host_address; /* 0: all of the host's */
    uint16_t published;
    uint16_t target;
    int protocol;             /* IPPROTO_TCP or IPPROTO_UDP */
    const uint32_t *backends; /* addresses of the ready replicas */
    size_t backend_count;
};

struct rules_virtual {
    const struct network *network;
    uint32_t address;         /* the service's virtual address in that network */
    const uint32_t *backends; /* its ready replicas there */
    size_t backend_count;
    const uint16_t *tcp_ports; /* known ports (expose, ports): where a refused SYN is retried */
    size_t tcp_port_count;
};

struct rules {
    const char *table; /* "carte1f3a", [a-z0-9] */
    const struct network *networks;
    size_t network_count;
    const struct rules_port *ports;
    size_t port_count;
    const struct rules_virtual *virtuals;
    size_t virtual_count;
};

void rules_format(const struct rules *rules, struct text *out);
int rules_apply(const struct rules *rules, struct error *err) MUST_CHECK;

/* Remove the table; it is no error when it is gone. */
int rules_remove(const char *table, struct error *err) MUST_CHECK;

/* Give back what is kept for the next change. Cheap once the last one is a second old. */
void rules_rest(void);
