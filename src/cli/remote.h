/* SPDX-License-Identifier: MIT */

/*
 * What runs: the supervisor of a stack, asked over its control socket
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/json.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

/*
 * The state of the stack, as GET /v1/stack answers it; *out is NULL when the stack is not up.
 * A stack whose keeper and supervisor have died gets new ones first.
 */
int remote_find_stack(const char *project, struct json **out, struct error *err) MUST_CHECK;

/* The same; ERROR_NOT_FOUND: it is not up, and how to change that. */
int remote_get_stack(const char *project, struct json **out, struct error *err) MUST_CHECK;

/* POST `body` (owned from then on, may be NULL) to `path`. */
int remote_ask(const char *project, const char *path, struct json *body, struct json **out,
               struct error *err) MUST_CHECK;

/* The same; the answer is dropped. */
int remote_post(const char *project, const char *path, struct json *body,
                struct error *err) MUST_CHECK;

/* A body {"services": [...]} with the timeout when it is not OPTION_UNSET. */
struct json *remote_new_body(const struct strings *services, int64_t timeout_ms) MUST_CHECK;

/* ERROR_NOT_FOUND names a word that is no service of the stack, and the nearest that is. */
int remote_check_services(const struct json *stack, const struct strings *names,
                          struct error *err) MUST_CHECK;

/* Projects that have a run folder. */
int remote_list_projects(struct strings *out, struct error *err) MUST_CHECK;
