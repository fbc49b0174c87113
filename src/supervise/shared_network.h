/* SPDX-License-Identifier: MIT */

/*
 * Networks that belong to no stack: `carte network create`
 *
 * A record below ROOT/networks says what a network is; its bridge is made with it, and again
 * after a reboot. Nobody serves it: each stack that is on it brings its own packet rules, its own
 * address for its name server, and its names (shared_names.h). Each address in use is leased to
 * the stack's run folder (util/lease.h) below RUN/networks/NAME, and so free when that is gone.
 */

#pragma once

#include <stdint.h>

#include "net/network.h"
#include "util/cleanup.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

/* Of a network whose subnet is not given: room for some two thousand containers. */
#define SHARED_NETWORK_PREFIX 20

struct shared_network {
    char *name;
    struct network network;
    struct strings_map labels;
    int64_t created_ms; /* wall time */
};

void shared_network_free(struct shared_network *network);
DEFINE_CLEANUP(shared_network)

/* What is asked for; strings are borrowed. */
struct shared_network_wish {
    const char *name;
    const char *subnet, *gateway; /* NULL: chosen */
    const struct strings_map *labels;
    bool internal;
};

/*
 * ERROR_EXISTS: the name is in use, or the subnet overlaps one that is. ERROR_INVALID: the name or
 * an address cannot be.
 */
int shared_network_create(const struct shared_network_wish *wish, struct error *err) MUST_CHECK;

/* ERROR_NOT_FOUND says how to make it. */
int shared_network_load(const char *name, struct shared_network **out,
                        struct error *err) MUST_CHECK;

/* The names of all, sorted. */
int shared_network_list(struct strings *names, struct error *err) MUST_CHECK;

/* ERROR_EXISTS says which stacks are on it. */
int shared_network_remove(const char *name, struct error *err) MUST_CHECK;

/* The projects that are on it. */
int shared_network_find_users(const char *name, struct strings *projects,
                              struct error *err) MUST_CHECK;

/* With the lock of addrpool.h: make the bridges of all that are missing; failures are logged. */
void shared_network_apply_all(void);

/* ERROR_EXISTS: another stack has the address. */
int shared_network_take(const char *name, const char *project, uint32_t address,
                        struct error *err) MUST_CHECK;
void shared_network_release(const char *name, const char *project, uint32_t address);

/* Of the project's leases, only those of `addresses` stay, on the bridge, too. Idempotent. */
int shared_network_keep(const char *name, const char *project, const uint32_t *addresses,
                        size_t count, struct error *err) MUST_CHECK;

/* The project leaves the network: its addresses and names go. Idempotent. */
int shared_network_leave(const char *name, const char *project, struct error *err) MUST_CHECK;

/* Call `each` with the name of every network that a stack may be on, until it fails. */
int shared_network_each(int (*each)(void *context, const char *name, struct error *err),
                        void *context, struct error *err) MUST_CHECK;
