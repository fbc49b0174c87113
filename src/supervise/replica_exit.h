/* SPDX-License-Identifier: MIT */

/*
 * How a replica's process ended
 *
 * Its pidfd tells that it ended; how, the keeper has recorded (exits.h). Where there is no
 * keeper the kernel is asked (PIDFD_GET_INFO, Linux 6.15), and if nobody knows within a second,
 * the status is unknown, which is a status like any other.
 */

#pragma once

#include "supervise/restart_policy.h"

struct crew;
struct replica;
struct state_replica;

/* Watch the process; the descriptor belongs to the replica from then on. */
void replica_exit_watch(struct replica *replica, int pidfd);

/* Look again for the statuses that are missing. True: some still are. */
bool replica_exit_look_up(struct crew *crew);

/* The end as the restart policy sees it. */
enum restart_policy_exit replica_exit_kind(const struct state_replica *record);
