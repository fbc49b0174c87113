/* SPDX-License-Identifier: MIT */

/*
 * The instructions of a stage, one after the other
 */

#pragma once

#include "build/stage.h"

/* Do all instructions of the stage after its FROM. */
int step_run_all(struct stage *stage, struct error *err) MUST_CHECK;

/* ARG, also before the first FROM: `stage` is then one without an image. */
int step_arg(struct stage *stage, const struct cartefile_instruction *at,
             struct error *err) MUST_CHECK;
