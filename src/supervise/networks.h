/* SPDX-License-Identifier: MIT */

/*
 * The networks of a stack in the kernel: bridges and addresses
 *
 * Subnets are chosen under the host-wide lock, recorded, and then made.
 */

#pragma once

#include "stack/stack.h"
#include "util/macro.h"

struct crew;
struct crew_network;
struct error;
struct replica;

/* Make the networks that `stack` uses, with a virtual address for each service on them. */
int networks_prepare(struct crew *crew, const struct stack *stack, struct error *err) MUST_CHECK;

/* Bring the networks that were read back from disk into the kernel again. Idempotent. */
int networks_apply(struct crew *crew, struct error *err) MUST_CHECK;

/* Remove the networks and addresses of services that neither the present stack nor any replica
 * uses. */
void networks_remove_unused(struct crew *crew);

/* Give a new replica its addresses and link names. */
int networks_place(struct crew *crew, struct replica *replica, struct error *err) MUST_CHECK;

/*
 * Take back the addresses of replicas that the crew has no more, once all flows to them, and to
 * what networks_remove_unused() would remove, are forgotten.
 */
void networks_release(struct crew *crew, struct replica *const *gone, size_t count);

/* Forget the flows of all networks, when the stack goes. */
void networks_forget_flows(const struct crew *crew);

/* Connect the replica's namespace, which is made if it is missing. Idempotent. */
int networks_connect(struct crew *crew, const struct replica *replica,
                     struct error *err) MUST_CHECK;

/* The replica's first network, NULL: it has none. */
const struct crew_network *networks_find_first(const struct crew *crew,
                                               const struct replica *replica);
