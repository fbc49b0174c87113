/* SPDX-License-Identifier: MIT */

/*
 * Manual pages made from the command tables: docs/man/PROGRAM.1
 */

#pragma once

#include "util/text.h"

struct command_program;

/* The page of a program, as roff with the man macros. */
void document_man_format(const struct command_program *program, struct text *out);
