/* SPDX-License-Identifier: MIT */

/*
 * Completion for bash made from the command tables: completions/PROGRAM.bash
 */

#pragma once

#include "util/text.h"

struct command_program;

void document_completion_format(const struct command_program *program, struct text *out);
