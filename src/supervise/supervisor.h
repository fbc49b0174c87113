/* SPDX-License-Identifier: MIT */

/*
 * The supervisor and its keeper
 *
 * `carte-stack up` stores the resolved stack and starts a keeper (program carte-keeper), which
 * starts the supervisor (`carte-stack supervise PROJECT`) and starts it again when it dies. See
 * docs/architecture.md, "The processes of a running stack".
 */

#pragma once

#include "stack/stack.h"
#include "util/macro.h"

struct error;

/*
 * Store `stack` as the next revision under CARTE_ROOT/stacks/PROJECT (stack.yaml and
 * revisions/N.yaml). *revision_out is its number; an unchanged stack keeps the old one.
 */
int supervisor_store_stack(const struct stack *stack, uint64_t *revision_out,
                           struct error *err) MUST_CHECK;

/*
 * Make sure that a supervisor runs for `project`, starting a keeper if there is none; returns
 * when it answers. Safe to call from several commands at once.
 */
int supervisor_ensure(const char *project, struct error *err) MUST_CHECK;

/* The supervisor's own main function; returns the exit status of the process. */
int supervisor_run(const char *project);

/*
 * Remove all that a stack without supervisor has left: processes, cgroups, namespaces, links,
 * table, run folder. Idempotent; also the end of `down`.
 */
int supervisor_sweep(const char *project, struct error *err) MUST_CHECK;

/* Names of kernel objects of a project: "carte" + 8 hex digits of a hash of CARTE_ROOT and it. */
void supervisor_object_name(const char *project, char out[16]);
