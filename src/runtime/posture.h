/* SPDX-License-Identifier: MIT */

/*
 * The rights of a container's process: user, capabilities, no_new_privs, seccomp, rlimits
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"

struct account;
struct container_ulimit;
struct error;
struct sock_fprog;

struct posture {
    const struct account *account;
    uint64_t capabilities;
    bool allow_new_privileges;
    const struct sock_fprog *filter; /* NULL: none */
};

/*
 * Give up all rights but these. Inheritable and ambient sets become empty; a user other than
 * root keeps only the bounding set. What may still be called afterwards is up to the filter.
 */
int posture_apply(const struct posture *posture, struct error *err) MUST_CHECK;

/* The defaults, then `ulimits`. What the caller has no right to raise is clamped. */
int posture_limit(const struct container_ulimit *ulimits, size_t count,
                  struct error *err) MUST_CHECK;

/* A session keyring of its own, and the OOM score as far as the caller may set it. */
void posture_separate(const int *oom_score_adj);
