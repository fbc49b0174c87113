/* SPDX-License-Identifier: MIT */

/*
 * Starting and clearing away a replica: the effects
 *
 * Each effect is idempotent and nameable from the replica's record, so that a supervisor that
 * was killed in the middle does it again.
 */

#pragma once

#include "util/macro.h"

struct container_process;
struct error;
struct plan;
struct replica;

/*
 * Namespace, files, volumes, log; then the container. On failure nothing of it runs.
 * ERROR_NOT_FOUND, ERROR_DENIED: its program is not there, or cannot be executed.
 */
int replica_place_start(struct replica *replica, struct container_process *out,
                        struct error *err) MUST_CHECK;

/* The plan of the replica's container; the caller frees it. */
int replica_place_plan(const struct replica *replica, struct plan **out,
                       struct error *err) MUST_CHECK;

/* Its first process has ended: end what it left behind, remove the cgroup. */
void replica_place_clear(struct replica *replica);

/* Remove all that the replica has outside of memory; then, with its addresses gone, its record. */
void replica_place_destroy(struct replica *replica);
void replica_place_forget(const struct replica *replica);

/* "service-n": the host name, and the name of the log. */
char *replica_place_short_name(const struct replica *replica) MUST_CHECK;

/* Collect its output, together with that of the replica which it replaces. */
int replica_place_open_logs(struct replica *replica, struct error *err) MUST_CHECK;
