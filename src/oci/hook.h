/* SPDX-License-Identifier: MIT */

/*
 * Hooks: programs of others that are run at points of a container's life (config.md, POSIX-
 * platform Hooks)
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/shape.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

/* In the order of a container's life. */
enum hook_kind {
    HOOK_PRESTART,         /* runtime's namespaces, after the container's are made */
    HOOK_CREATE_RUNTIME,   /* the same */
    HOOK_CREATE_CONTAINER, /* container's namespaces, before its root is entered */
    HOOK_START_CONTAINER,  /* container's namespaces and root, before its program */
    HOOK_POSTSTART,        /* runtime's namespaces, after the program was started */
    HOOK_POSTSTOP,         /* the same, after the container was deleted */
    HOOK_KIND_COUNT,
};

struct hook {
    const char *path;
    struct strings args, env;
    bool has_args, has_env;
    int64_t timeout_s; /* 0: none */
};

struct hook_list {
    struct hook *hooks;
    size_t count;
};

/* "prestart": the property of config.json's `hooks`. */
const char *hook_kind_name(enum hook_kind kind);

extern const struct shape hook_shape;

/*
 * Run them one after the other, each with `state` on its standard input. An error names the hook
 * that failed, how, and the end of what it printed; those behind it are not run.
 */
int hook_run(enum hook_kind kind, const struct hook_list *list, const char *state,
             struct error *err) MUST_CHECK;

/* The same, but a failure is added to `warnings`, and the next one is run. */
void hook_run_all(enum hook_kind kind, const struct hook_list *list, const char *state,
                  struct strings *warnings);
