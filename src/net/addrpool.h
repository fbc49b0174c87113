/* SPDX-License-Identifier: MIT */

/*
 * Addresses handed out under a lock
 *
 * Subnets and host ports belong to the network namespace of the host, whatever CARTE_ROOT a
 * command uses: the lock is a file of root's in /run, named after the namespace and free when its
 * holder ends; the truth is what the kernel's links, routes and rules say (docs/decisions).
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"

struct error;

/* Take the host-wide lock, waiting at most `timeout_ms`; closing *fd_out releases it. */
int addrpool_lock(int64_t timeout_ms, int *fd_out, struct error *err) MUST_CHECK;

/*
 * Choose a subnet of `prefix` bits that overlaps no address and no route of the host, out of
 * the pool (CARTE_SUBNETS, a list of subnets; default 10.88.0.0/13). Call it and apply
 * the network while holding the lock.
 */
int addrpool_choose_subnet(uint8_t prefix, uint32_t *subnet_out, struct error *err) MUST_CHECK;

/* May a subnet that was given be used? ERROR_EXISTS: it overlaps such an address or route. */
int addrpool_check_subnet(uint32_t subnet, uint8_t prefix, struct error *err) MUST_CHECK;

/* "10.1.2.0/24" to numbers; ERROR_INVALID names what is wrong. */
int addrpool_parse_subnet(const char *text, uint32_t *subnet_out, uint8_t *prefix_out,
                          struct error *err) MUST_CHECK;
int addrpool_parse_address(const char *text, uint32_t *out, struct error *err) MUST_CHECK;
void addrpool_format_address(uint32_t address, char out[16]);

/* The same of the gateway of a subnet. ERROR_INVALID: it is not in it. */
int addrpool_parse_gateway(const char *text, uint32_t subnet, uint8_t prefix, uint32_t *out,
                           struct error *err) MUST_CHECK;

/*
 * The addresses of one subnet. Pure: a bit per address. The network's own, the gateway's and
 * the broadcast address are never handed out. Addresses are chosen from the bottom up for
 * replicas, after the last one given, so that a freed one rests before it is used again.
 */
struct addrpool {
    uint32_t subnet, gateway;
    uint8_t prefix;
    uint32_t last; /* handed out last */
    uint8_t *used; /* bitmap */
};
void addrpool_init(struct addrpool *pool, uint32_t subnet, uint8_t prefix, uint32_t gateway);
void addrpool_done(struct addrpool *pool);
int addrpool_take(struct addrpool *pool, uint32_t *out, struct error *err) MUST_CHECK;
/* ERROR_EXISTS: it is taken. ERROR_INVALID: not in the subnet. */
int addrpool_take_given(struct addrpool *pool, uint32_t address, struct error *err) MUST_CHECK;
void addrpool_release(struct addrpool *pool, uint32_t address);

/*
 * Is a host port free for `protocol` (IPPROTO_TCP or IPPROTO_UDP) at `host_address` (0: all)?
 * Reads the listening sockets and carte's own rules.
 */
bool addrpool_is_port_free(int protocol, uint32_t host_address, uint16_t port);

/* The same, but the rules of `table` do not count: a stack may publish its own port again. */
bool addrpool_is_port_free_for(const char *table, int protocol, uint32_t host_address,
                               uint16_t port);
