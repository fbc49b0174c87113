/* SPDX-License-Identifier: MIT */

/*
 * Stored stacks: ROOT/stacks/PROJECT/stack.yaml and revisions/N.yaml
 *
 * Each applied model is a numbered revision, written whole before stack.yaml, a symbolic link
 * to the present one, is replaced. Files are never changed afterwards.
 */

#pragma once

#include <stdint.h>

#include "stack/stack.h"
#include "util/macro.h"

struct error;

/* Store `stack`; *number_out is its revision: an unchanged stack keeps the present one. */
int revisions_store(const struct stack *stack, uint64_t *number_out, struct error *err) MUST_CHECK;

/* The number of the present revision; ERROR_NOT_FOUND: nothing is stored for the project. */
int revisions_find_current(const char *project, uint64_t *number_out, struct error *err) MUST_CHECK;

/* Remove the file of a revision that is far older than the present one, `number`. */
void revisions_forget(const char *project, uint64_t number);

int revisions_load(const char *project, uint64_t number, struct stack **out,
                   struct error *err) MUST_CHECK;
