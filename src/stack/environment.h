/* SPDX-License-Identifier: MIT */

/*
 * The variables that a stack may use
 */

#pragma once

#include "stack/reading.h"
#include "stack/stack.h"
#include "util/strings.h"

/* The variables of this process. */
void environment_load(struct strings_map *out);

/*
 * Add what the files of `options` (or `.env` of the project's folder) say. The process's own
 * variables win. A file that is named and missing is a mistake.
 */
void environment_add_files(struct reading *reading, const struct stack_options *options,
                           struct strings_map *variables);

/* Add what one file says that `variables` do not; `at` is where the file was named. */
void environment_add_file(struct reading *reading, const struct node *at, const char *path,
                          bool required, struct strings_map *variables);

/*
 * Read each service's env_file under its `environment`, and give a variable or build argument
 * without a value that of `variables`. `root` is the tree, for places.
 */
void environment_complete(struct reading *reading, const struct node *root, struct stack *stack,
                          const struct strings_map *variables);
