/* SPDX-License-Identifier: MIT */

/*
 * What `up` changes in a stack before it is brought up: --scale, and the services that were
 * named. Pure.
 */

#pragma once

#include "stack/stack.h"
#include "util/json.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

/* Set the replicas of services to what "login=5" words say. */
int stack_choice_scale(struct stack *stack, const struct strings *words,
                       struct error *err) MUST_CHECK;

/*
 * `names` and all they depend on, in `out`. No names: every service. ERROR_NOT_FOUND: a word is
 * no service.
 */
int stack_choice_close(const struct stack *stack, const struct strings *names, struct strings *out,
                       struct error *err) MUST_CHECK;

/*
 * Services that are not chosen stay as they are: those of which `running` (GET /v1/stack, NULL:
 * nothing runs) has replicas keep their number, the others leave the stack.
 */
int stack_choice_keep_others(struct stack *stack, const struct strings *chosen,
                             const struct json *running, struct error *err) MUST_CHECK;
