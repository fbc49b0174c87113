/* SPDX-License-Identifier: MIT */

/*
 * Rules to the kernel and names to the front, from the present state of the crew
 */

#pragma once

#include <stdbool.h>

struct crew;
struct crew_network;

/* Apply rules and names that are stale. False: the rules could not be applied; they stay stale. */
bool network_front_flush(struct crew *crew);

/* Rules that somebody else has removed are stale. */
void network_front_check_rules(struct crew *crew);

/* Tell the front who the replicas are that were added, before they start and ask. */
void network_front_introduce(struct crew *crew);

/* Start the front unless it runs, and tell it everything. */
void network_front_start(struct crew *crew);

/* The network is gone: its sockets too. */
void network_front_forget(struct crew *crew, struct crew_network *network);
