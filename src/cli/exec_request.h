/* SPDX-License-Identifier: MIT */

/*
 * From words and the state of a stack to the process that `exec` starts. Pure.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/container.h"
#include "util/json.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

struct exec_request_options {
    bool detach, no_terminal, privileged;
    bool interactive, terminal; /* -i and -t, which are the default */
    struct strings env;         /* "KEY=value", or "KEY" with our own value */
    const char *user, *workdir;
    int64_t index; /* OPTION_UNSET: the first that runs */
};

/*
 * The running replica of `service` with this index; ERROR_NOT_FOUND: there is none, and what
 * runs instead.
 */
int exec_request_find(const struct json *stack, const char *service, int64_t index,
                      const struct json **out, struct error *err) MUST_CHECK;

/*
 * Fill `out` for the process `args` in `replica`; descriptors and terminal are left to the
 * caller. Strings are borrowed from `replica` and `options`, the lists belong to `out`.
 */
void exec_request_make(const struct json *replica, const struct exec_request_options *options,
                       const struct strings *args, struct container_exec_spec *out);
void exec_request_done(struct container_exec_spec *spec);

/* The exit status of `exec` for a process that could not be started: 126, 127, or 1. */
int exec_request_status(const struct error *err);
