/* SPDX-License-Identifier: MIT */

/*
 * Programs of the host that do a part of the work
 *
 * A program runs in a pid and a mount namespace of its own: what it mounts and starts ends with
 * it, and it ends with us. Its network is the host's.
 */

#pragma once

#include "util/macro.h"
#include "util/strings.h"

struct error;

/* Told of each line that the program writes, without the newline. */
typedef void (*external_line_fn)(void *context, const char *line);

struct external {
    struct strings args;              /* args.items[0] is looked for in PATH */
    const char *package;              /* what to install when it is not there */
    struct strings env;               /* over our own environment */
    external_line_fn output, message; /* stdout and stderr; NULL: dropped */
    void *context;
};

void external_done(struct external *external);
#define AUTO_EXTERNAL __attribute__((cleanup(external_done)))

/*
 * Run it to its end. ERROR_UNSUPPORTED: it is not installed; ERROR_SYSTEM: it failed, and the
 * text ends with the last of its messages.
 */
int external_run(const struct external *external, struct error *err) MUST_CHECK;
