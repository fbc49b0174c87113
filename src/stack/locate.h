/* SPDX-License-Identifier: MIT */

/*
 * Which files make the stack, and what it is called
 */

#pragma once

#include "stack/stack.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

/*
 * The stack's files, as absolute paths or `-` for the standard input: those of the options, of
 * COMPOSE_FILE in the environment, or the first that is found under a known name in the
 * folder or one above it, with its override file. ERROR_NOT_FOUND: there is none.
 */
int locate_files(const struct stack_options *options, struct strings *out,
                 struct error *err) MUST_CHECK;

/* The folder of a file; the caller frees it. */
char *locate_folder(const char *file) MUST_CHECK;

/*
 * A project's name from what is at hand: lower case, other characters dropped. "" if nothing
 * is left; the caller frees it.
 */
char *locate_normalize_name(const char *text) MUST_CHECK;
