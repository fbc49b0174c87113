/* SPDX-License-Identifier: MIT */

/*
 * The instructions of a stage, one after the other
 */

#pragma once

#include "build/stage.h"

/* Do all instructions of the stage after its FROM. */
int step_run_all(struct stage *stage, struct error *err) MUST_CHECK;

/* Do what the image below has for those based on it (ONBUILD). */
int step_run_triggers(struct stage *stage, struct error *err) MUST_CHECK;
