/* SPDX-License-Identifier: MIT */

/*
 * Making, starting and removing single containers
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/json.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

/* A made-up name that no container has, such as "brisk_otter". */
char *single_change_make_name(void) MUST_CHECK;

/* ERROR_INVALID: it cannot be the name of a container. */
int single_change_check_name(const char *name, struct error *err) MUST_CHECK;

/*
 * Add the container `name` that the stack file `text` describes, stopped. `awaited`: the output
 * of its first start waits for a client. On failure there is none.
 */
int single_change_create(const char *name, const char *text, bool awaited,
                         struct error *err) MUST_CHECK;

/* The container's replica in the present state; *stack_out owns it. ERROR_NOT_FOUND: it is gone. */
int single_change_look(const char *name, struct json **stack_out, const struct json **replica_out,
                       struct error *err) MUST_CHECK;

/* Ask for a change of state: `path` is /v1/stop, /v1/pause or /v1/unpause. */
int single_change_post(const char *path, const struct strings *names, int64_t timeout_ms,
                       struct error *err) MUST_CHECK;

/*
 * Start it, and return when its program has been executed. When it cannot be, *status_out is
 * 125, 126 or 127.
 */
int single_change_start(const char *name, int *status_out, struct error *err) MUST_CHECK;

struct service;

/* Alter the definition of a container; limits change while it runs. */
int single_change_edit(const char *name, void (*change)(void *context, struct service *service),
                       void *context, struct error *err) MUST_CHECK;

/* Call it by another name, also while it runs. ERROR_EXISTS: the name is in use. */
int single_change_rename(const char *name, const char *to, struct error *err) MUST_CHECK;

/* Take containers away, which are stopped first; what supervises them ends with the last. */
int single_change_remove(const struct strings *names, struct error *err) MUST_CHECK;
