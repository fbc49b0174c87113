/* SPDX-License-Identifier: MIT */

/*
 * Stages that do not need each other are built at the same time, each by a process of its own
 *
 * First the stages are gone through as far as the cache has their steps; a build with nothing
 * to do ends there. Of the stages that are left, each that has all it needs gets a worker, a
 * child process that carries out its steps and leaves their layers in the cache; when it has
 * ended, this process goes through the stage itself, out of the cache. So nothing but reports
 * and errors comes back from a worker, and the result does not depend on who was faster
 * (docs/decisions/0024).
 */

#pragma once

#include "build/stage.h"
#include "util/macro.h"

struct error;

/* Carry out a stage in this process: its base, then its steps. */
typedef int (*stage_workers_run_fn)(struct stage *stage, struct error *err);

/*
 * Bring all needed stages to their end. The first failure stops the other workers; err and
 * stage->failed are of the stage that failed. No worker is left when it returns. SIGINT, SIGTERM
 * and SIGHUP stop them, too.
 */
int stage_workers_run(struct builder *builder, stage_workers_run_fn run,
                      struct error *err) MUST_CHECK;
