/* SPDX-License-Identifier: MIT */

/*
 * Single containers: services of one replica in the stack named `carte`
 *
 * `carte run` adds a service to that stack, `carte rm` takes one away; keeper, supervisor,
 * networks, logs and all else are those of any stack. Who changes the stored stack holds the
 * lock, so that commands and the supervisor, which removes what asked for it at its end, do not
 * undo each other's work.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/macro.h"

struct error;
struct strings;

#define SINGLE_PROJECT "carte"

/* Take the lock; the caller closes it. ERROR_EXISTS: another has it, and `waits` is false. */
int single_lock(bool waits, int *out, struct error *err) MUST_CHECK;

/* With the lock: make sure that the supervisor runs. It starts nothing that is stored. */
int single_ensure(struct error *err) MUST_CHECK;

/* What the user wrote for the key of a service ("--memory" for "mem_limit"), or NULL. */
typedef const char *(*single_spelling_fn)(const char *key);

/*
 * With the lock: add the service `name` that the stack file `text` describes; nothing is
 * interpolated in it and its paths are absolute. ERROR_EXISTS: the name is in use.
 * ERROR_INVALID lists all that is wrong or would have no effect, by what `spelling` gives. The
 * supervisor learns of it by POST /v1/apply.
 */
int single_add(const char *name, const char *text, single_spelling_fn spelling,
               struct error *err) MUST_CHECK;

/*
 * With the lock: let `change` alter the service `name`. ERROR_NOT_FOUND: there is none.
 * ERROR_INVALID, as of single_add(): it would be wrong then, and stays as it is. With the next
 * /v1/apply limits are changed while the container runs.
 */
struct service;
typedef void (*single_change_fn)(void *context, struct service *service);
int single_edit(const char *name, single_change_fn change, void *context,
                single_spelling_fn spelling, struct error *err) MUST_CHECK;

/*
 * With the lock: call the service `name` by another name; it keeps its own one, too, by which
 * other containers find it. ERROR_NOT_FOUND: there is none. ERROR_EXISTS: `to` is in use.
 */
int single_rename(const char *name, const char *to, struct error *err) MUST_CHECK;

/* ERROR_EXISTS: one of the services is joined by another's network_mode, which is to go first. */
int single_check_removal(const struct strings *names, struct error *err) MUST_CHECK;

/* Is a stored container on the shared network of that name, whether or not it runs? */
int single_find_on_network(const char *name, bool *out, struct error *err) MUST_CHECK;

/* With the lock: take services away; ERROR_EXISTS as above. *left_out: how many are left. */
int single_remove(const struct strings *names, size_t *left_out, struct error *err) MUST_CHECK;
