/* SPDX-License-Identifier: MIT */

/*
 * Documents made from the command tables: docs/reference/commands.md and exit-codes.md
 *
 * `make generate` writes them, and a check finds them out of date.
 */

#pragma once

#include "util/text.h"

/* Every program, command and option, as Markdown. */
void document_format_commands(struct text *out);

/* The exit statuses, as Markdown. */
void document_format_exit_codes(struct text *out);
