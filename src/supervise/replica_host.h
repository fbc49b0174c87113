/* SPDX-License-Identifier: MIT */

/*
 * Replicas in the network namespace of another (network_mode: service:NAME)
 *
 * The namespace belongs to the other, its host, and lives as long as that one's record: a host
 * that restarts in place is not noticed. When a host leaves, its guests are started again with
 * the next; until the last of them has ended, the host stays.
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"

struct crew;
struct error;
struct replica;

/* Whose namespace it is to join; NULL: none is there. */
const struct replica *replica_host_find(const struct crew *crew, const struct replica *replica);

/* Before a start: choose the host and record it. Nothing for one that joins nobody. */
int replica_host_take(struct replica *replica, struct error *err) MUST_CHECK;

/* Itself, or the host that was taken. */
const struct replica *replica_host_get(const struct replica *replica);

/* Where its network namespace is held; the caller frees it. */
char *replica_host_netns(const struct replica *replica) MUST_CHECK;

/* Does a guest of it run? */
bool replica_host_has_guests(const struct crew *crew, const struct replica *replica);

/* Start the guests of hosts that leave again. */
void replica_host_follow(struct crew *crew);
