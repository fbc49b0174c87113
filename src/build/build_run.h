/* SPDX-License-Identifier: MIT */

/*
 * RUN: a container whose writable layer becomes a layer of the image
 */

#pragma once

#include "build/stage.h"

int build_run_step(struct stage *stage, const struct cartefile_instruction *at,
                   struct error *err) MUST_CHECK;

/* The absolute path without "." and ".." in it. */
char *build_run_clean_path(const struct stage *stage, const char *path) MUST_CHECK;

/* End what a killed build left running, so that its unfinished layer can be removed. */
int build_run_sweep(const struct builder *builder, struct error *err) MUST_CHECK;
