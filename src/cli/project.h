/* SPDX-License-Identifier: MIT */

/*
 * The stack that a command is about
 *
 * Its name is, in this order: -p, CARTE_PROJECT_NAME or COMPOSE_PROJECT_NAME, what the stack
 * file says. Files are those of -f, of CARTE_FILE or COMPOSE_FILE, or are looked for.
 */

#pragma once

#include "stack/stack.h"
#include "util/cleanup.h"
#include "util/macro.h"
#include "util/strings.h"

struct command_call;
struct error;

/* Load and check the file; mistakes and warnings are printed. */
int project_load(const struct command_call *call, struct stack **out, struct error *err) MUST_CHECK;

/*
 * The name alone, for commands that speak with what runs: the file is read only when nothing
 * else tells it. The caller frees it.
 */
int project_find_name(const struct command_call *call, char **out, struct error *err) MUST_CHECK;

/* The file as it was brought up last (resolved), or NULL when there is none. */
int project_load_stored(const char *name, struct stack **out, struct error *err) MUST_CHECK;

/* ERROR_INVALID: it cannot be the name of a stack. */
int project_check_name(const char *name, struct error *err) MUST_CHECK;

/* Pure: "a.yaml:b.yaml" as COMPOSE_FILE has it, divided at `separator` (NULL: ":"). */
void project_split(const char *list, const char *separator, struct strings *out);
