/* SPDX-License-Identifier: MIT */

/*
 * Published ports: which host port a service's port got
 */

#pragma once

#include "stack/stack.h"
#include "util/macro.h"

struct crew;
struct error;

/*
 * Choose host ports for what `stack` publishes; those that are chosen already stay. Nothing has
 * changed on failure. ERROR_EXISTS: a port is taken.
 */
int ports_choose(struct crew *crew, const struct stack *stack, struct error *err) MUST_CHECK;
