/* SPDX-License-Identifier: MIT */

/*
 * What a RUN step, an entry point or a health check executes
 */

#pragma once

#include "build/stage.h"
#include "util/macro.h"

/* Where a script lies in the container that names its own program ("#!"). */
#define RUN_COMMAND_SCRIPT "/dev/pipes/script"

/* Add the words of the stage's shell: "/bin/sh", "-c". */
void run_command_add_shell(const struct stage *stage, struct strings *out);

/*
 * The arguments of a RUN step: the JSON array as it is, else the shell and its text. A single
 * here-document is the text; several are read by the shell itself.
 */
void run_command_args(const struct stage *stage, const struct cartefile_instruction *at,
                      struct strings *out);

/* The here-document that is a script beginning with "#!", or NULL. */
const char *run_command_find_script(const struct cartefile_instruction *at);

/* A health check's command: CMD and its JSON array, or CMD-SHELL and its text. */
int run_command_health(const struct stage *stage, const struct cartefile_instruction *at,
                       const char *text, struct strings *out, struct error *err) MUST_CHECK;
