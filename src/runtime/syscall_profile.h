/* SPDX-License-Identifier: MIT */

/*
 * A seccomp filter as OCI's config.json describes it
 *
 * Words are those of the runtime specification: "SCMP_ACT_ERRNO", "SCMP_ARCH_X86_64",
 * "SCMP_CMP_EQ", "SECCOMP_FILTER_FLAG_LOG".
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"
#include "util/strings.h"

struct error;
struct sock_fprog;

struct syscall_argument {
    unsigned index;
    uint64_t value, value_two;
    const char *operator;
};

struct syscall_rule {
    struct strings names; /* a name that this machine does not know is left out */
    const char *action;
    const uint32_t *number; /* of ERRNO and TRACE; NULL: EPERM */
    const struct syscall_argument *arguments;
    size_t argument_count;
};

struct syscall_profile {
    const char *default_action;
    const uint32_t *default_number; /* NULL: EPERM */
    struct strings architectures;   /* none: the native one */
    struct strings flags;
    const struct syscall_rule *rules;
    size_t rule_count;

    /* A folder of the caller's for compiled filters, made when missing; NULL: always compile. */
    const char *cache_folder;

    /*
     * With an action SCMP_ACT_NOTIFY: called in the maker before the program is executed, with
     * the filter's descriptor, which is borrowed, and the container's process.
     */
    int (*on_listener)(void *context, int listener_fd, int pid, struct error *err);
    void *listener_context;
};

/*
 * Compile, or take from the cache. `out` is the caller's, and `out->filter` is to be freed;
 * `flags_out` are those of seccomp(2), with a new listener where an action notifies.
 * ERROR_INVALID names the word that is not known; ERROR_UNSUPPORTED what this kernel lacks.
 */
int syscall_profile_compile(const struct syscall_profile *profile, struct sock_fprog *out,
                            unsigned *flags_out, struct error *err) MUST_CHECK;

/* The words that are understood, each list ended by NULL. */
const char *const *syscall_profile_actions(void);
const char *const *syscall_profile_operators(void);
const char *const *syscall_profile_architectures(void);
const char *const *syscall_profile_flags(void);
