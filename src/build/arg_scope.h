/* SPDX-License-Identifier: MIT */

/*
 * ARG: where the variables of a build are known, and which value each has
 *
 * Before the first FROM they are for the FROM lines, and for a stage that declares one again. In
 * a stage one is known from its line on, and in the stages based on it. --build-arg counts before
 * a default; of a variable that is ENV too, ENV counts.
 */

#pragma once

#include "build/stage.h"
#include "util/macro.h"

struct diagnostics;

/* Read what stands before the first FROM into builder->args, and the platform's. */
int arg_scope_read_global(struct builder *builder, struct error *err) MUST_CHECK;

/* ARG in a stage. */
int arg_scope_step(struct stage *stage, const struct cartefile_instruction *at,
                   struct error *err) MUST_CHECK;

/* Whether `name` is known to every RUN without an ARG, and has no influence on the cache. */
bool arg_scope_is_proxy(const char *name);

/* Warn of each --build-arg that no ARG of the file takes, with the nearest name. */
void arg_scope_warn_unused(const struct builder *builder, struct diagnostics *diagnostics);
