/* SPDX-License-Identifier: MIT */

/*
 * Seccomp filters for one architecture each become one for all of them
 *
 * libseccomp compiles for several architectures at once, too, but holds the rules of all in
 * memory meanwhile, about half a megabyte each with an engine's default profile.
 */

#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"

struct error;

struct syscall_join_part {
    uint32_t architecture; /* SCMP_ARCH_… */
    struct sock_fprog program;
};

struct syscall_join {
    struct syscall_join_part *parts;
    size_t count;
};

/*
 * A program for `architecture`, which is not there yet: the caller fills it, with one that
 * itself refuses calls of every other architecture. Valid until the next is added.
 */
struct sock_fprog *syscall_join_add(struct syscall_join *join, uint32_t architecture) MUST_CHECK;

/*
 * One program that asks the one of the architecture a call belongs to, and the first for
 * architectures that none is for. ERROR_INVALID: it is longer than the kernel takes.
 * `out->filter` is to be freed.
 */
int syscall_join_make(const struct syscall_join *join, struct sock_fprog *out,
                      struct error *err) MUST_CHECK;

void syscall_join_done(struct syscall_join *join);
