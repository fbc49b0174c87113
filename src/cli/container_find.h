/* SPDX-License-Identifier: MIT */

/*
 * Containers of all stacks, by name or id
 */

#pragma once

#include <stdbool.h>

#include "util/json.h"
#include "util/macro.h"

struct error;

/* The id of a container that people see: 64 hex digits and a NUL, the same for its whole life. */
#define CONTAINER_FIND_ID_SIZE 65
void container_find_id(const char *project, const struct json *replica,
                       char out[CONTAINER_FIND_ID_SIZE]);

/* A container that was found. */
struct container_find {
    char *project;
    struct json *stack;         /* the state of its stack */
    const struct json *replica; /* in it */
};

void container_find_done(struct container_find *found);
#define AUTO_CONTAINER_FIND __attribute__((cleanup(container_find_done)))

/*
 * The container with that name, or the only one whose id begins so. ERROR_NOT_FOUND: there is
 * none, and the nearest name. ERROR_INVALID: several ids begin so.
 */
int container_find(const char *word, struct container_find *out, struct error *err) MUST_CHECK;

/* The same; ERROR_EXISTS: it is not running. One that is stopping runs until it has ended. */
int container_find_running(const char *word, struct container_find *out,
                           struct error *err) MUST_CHECK;

/* The same among single containers only; of others the error says which command is theirs. */
int container_find_single(const char *word, struct container_find *out,
                          struct error *err) MUST_CHECK;

/*
 * The first process of a replica, as a pidfd that the caller closes. ERROR_EXISTS: it is not
 * running. ERROR_NOT_FOUND: it has ended since its state was asked for.
 */
int container_find_open_process(const struct json *replica, int *pidfd_out,
                                struct error *err) MUST_CHECK;
