/* SPDX-License-Identifier: MIT */

/*
 * Errors
 *
 * Every function that can fail takes a `struct error *err` as its last parameter and
 * returns 0, or -1 after filling *err. The error is a plain value on the caller's
 * stack: it is never allocated, so it can report an allocation failure, and a child can
 * write it whole to its parent through a pipe.
 *
 * The code is for programs, the text for people. A caller branches on the code, never
 * on the text; code that only passes an error on says what it was doing:
 *
 *     if (link_up(name, err) < 0)
 *         return error_wrap(err, "attach %s to bridge %s", name, bridge);
 *
 * and so the text reads from the outside in, down to the call that failed:
 *
 *     start web.1: attach veth3 to bridge br-meta: set link up: No such device
 */

#pragma once

#include "util/macro.h"

enum error_code {
    ERROR_NONE,
    ERROR_INVALID,     /* what was asked for is wrong: fix the input */
    ERROR_NOT_FOUND,   /* the thing named does not exist */
    ERROR_EXISTS,      /* it does already */
    ERROR_UNSUPPORTED, /* this kernel or host cannot do it */
    ERROR_DENIED,      /* not allowed for this user */
    ERROR_TIMEOUT,     /* it took longer than it may */
    ERROR_SYSTEM,      /* a system call failed in another way */
};

struct error {
    enum error_code code;
    char text[1024];
};

/* Fill *err, which must be empty. Each returns -1, to be returned at once. */
int error_set(struct error *err, enum error_code code, const char *format, ...) PRINTF_LIKE(3, 4);
int error_set_errno(struct error *err, int number, const char *format, ...) PRINTF_LIKE(3, 4);

/* Put "format: " before the text of *err, which must be filled. Returns -1. */
int error_wrap(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Empty *err, because the caller has dealt with the failure. */
void error_clear(struct error *err);
