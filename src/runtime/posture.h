/* SPDX-License-Identifier: MIT */

/*
 * The rights of a container's process: user, capabilities, no_new_privs, seccomp, rlimits
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/program.h"
#include "util/macro.h"

struct account;
struct error;
struct sock_fprog;

struct posture {
    const struct account *account;
    struct container_capabilities capabilities;
    bool allow_new_privileges;
    const struct sock_fprog *filter; /* NULL: none */
    unsigned filter_flags;
    int channel; /* where a new listener of the filter goes */
};

/*
 * The sets of `program` for a process of `account`: without exact ones, only the bounding set
 * belongs to a user other than root.
 */
struct container_capabilities posture_choose_capabilities(const struct container_program *program,
                                                          const struct account *account);

/* Give up all rights but these. What may still be called afterwards is up to the filter. */
int posture_apply(const struct posture *posture, struct error *err) MUST_CHECK;

/* The rlimits of the program, with our own defaults unless it is bare. */
int posture_limit(const struct container_program *program, struct error *err) MUST_CHECK;

/* The OOM score of the process `pid` (0: the calling one), while /proc is the host's. */
int posture_set_oom_score(const struct container_program *program, pid_t pid,
                          struct error *err) MUST_CHECK;

/* A session keyring of its own, scheduler and priorities. */
int posture_separate(const struct container_program *program, struct error *err) MUST_CHECK;

/* Run on these cores, a list such as "0-1,4"; NULL: as it is. */
int posture_set_cpus(const char *list, struct error *err) MUST_CHECK;
