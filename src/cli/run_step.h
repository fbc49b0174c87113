/* SPDX-License-Identifier: MIT */

/*
 * The container of a RUN step
 *
 * build/ knows nothing of networks, and so the function that runs a step comes from here
 * (docs/decisions). A step has a network namespace of its own with nothing but loopback, which
 * keeps builds reproducible and apart from the host; `RUN --network=host`, or `network: host` of
 * the build section, gives it the host's.
 */

#pragma once

#include "runtime/spec.h"
#include "util/macro.h"

struct error;

/* A build_run_fn; `context` is not used. Ctrl-C kills the container and is an error. */
int run_step_run(void *context, struct container_spec *spec, const char *network,
                 int *exit_status_out, struct error *err) MUST_CHECK;
