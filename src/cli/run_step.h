/* SPDX-License-Identifier: MIT */

/*
 * The container of a RUN step
 *
 * build/ knows nothing of networks, and so the function that runs a step comes from here. A step
 * has a network of its own that leads out and to nothing of the stacks (build_network.h). `RUN
 * --network=none`, or `network: none` of the build section, gives it loopback and nothing else;
 * `host` gives it the host's network.
 */

#pragma once

#include "runtime/spec.h"
#include "util/macro.h"

struct error;

/* A build_run_fn; `context` is not used. Ctrl-C kills the container and is an error. */
int run_step_run(void *context, struct container_spec *spec, const char *network,
                 int *exit_status_out, struct error *err) MUST_CHECK;
