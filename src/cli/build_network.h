/* SPDX-License-Identifier: MIT */

/*
 * The network of a RUN step
 *
 * A step that does not say otherwise has a network of its own for as long as it runs: a bridge
 * with NAT to the outside, and a table of packet rules that keeps it apart from all stacks and
 * other builds (docs/decisions/0014). Nothing is made before a step really runs.
 *
 * All that belongs to it stands under RUN/build-PID-START, a folder that the process holds
 * locked and that is there before anything else and goes last; the names in the kernel derive
 * from the folder's. What has no lock any more was left by a killed build, and is swept.
 */

#pragma once

#include <stdbool.h>

#include "runtime/spec.h"
#include "util/macro.h"

struct error;
struct build_network;

/*
 * Make the network of a step of the kind JOIN, or only the files that a step in the host's
 * network (HOST) needs. An error says how a RUN step does without.
 */
int build_network_make(enum container_namespace_how kind, struct build_network **out,
                       struct error *err) MUST_CHECK;

/* Say in `spec` how the container gets there; it borrows from `network`. */
void build_network_describe(struct build_network *network, struct container_spec *spec);

/* Must the step do without names, because the host's name servers are out of its reach? */
bool build_network_lacks_names(const struct build_network *network);

/* Take all of it away, and free it even when this fails: the next sweep does the rest. */
int build_network_remove(struct build_network *network, struct error *err) MUST_CHECK;

/* Remove what killed builds left. It touches no network when there is nothing. */
int build_network_sweep(struct error *err) MUST_CHECK;
