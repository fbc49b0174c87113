/* SPDX-License-Identifier: MIT */

/*
 * The crew on networks that belong to no stack (shared_network.h)
 */

#pragma once

#include "util/macro.h"

struct crew;
struct crew_network;
struct error;

/* Fill in what is recorded of the network of that name. ERROR_NOT_FOUND: there is none. */
int networks_shared_look(struct crew_network *network, struct error *err) MUST_CHECK;

/* Be told of names that other stacks have on the crew's networks. Idempotent. */
int networks_shared_watch(struct crew *crew, struct error *err) MUST_CHECK;

/* After a restart: what was leased and not recorded goes. */
int networks_shared_settle(struct crew *crew, struct error *err) MUST_CHECK;

void networks_shared_leave(struct crew *crew, const struct crew_network *network);
