/* SPDX-License-Identifier: MIT */

/*
 * Addresses on a network of the crew
 *
 * From the network's pool, and of one that several stacks are on (shared_network.h) leased as
 * well. Replicas get theirs from the bottom of the subnet up, services from the top down, so that
 * they do not get in each other's way.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/macro.h"

struct crew;
struct crew_network;
struct error;
struct stack;

int networks_address_next(struct crew *crew, struct crew_network *network, uint32_t *out,
                          struct error *err) MUST_CHECK;
int networks_address_last(struct crew *crew, struct crew_network *network, uint32_t *out,
                          struct error *err) MUST_CHECK;

void networks_address_release(struct crew *crew, struct crew_network *network, uint32_t address);

/*
 * Reserve the addresses that `stack` gives to its services, before any other is handed out.
 * ERROR_EXISTS: one belongs to somebody else.
 */
int networks_address_reserve(struct crew *crew, struct crew_network *network,
                             const struct stack *stack, struct error *err) MUST_CHECK;

/* Does the present stack give the address to a service? */
bool networks_address_is_given(const struct crew *crew, const struct crew_network *network,
                               uint32_t address);

/* Where the stack's name server listens on the network. */
uint32_t networks_address_resolver(const struct crew_network *network);
