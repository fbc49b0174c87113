/* SPDX-License-Identifier: MIT */

/*
 * The seccomp filter of a container
 *
 * An allow-list: what is not named answers ENOSYS, so that a program which probes for a new
 * call falls back; what is known to be dangerous, or belongs to a capability that the
 * container lacks, answers EPERM (docs/decisions/0012).
 */

#pragma once

#include <stdint.h>

#include "util/macro.h"

struct error;
struct sock_fprog;

/*
 * The filter for a container with `capabilities`, compiled when such a set is first met and
 * kept for the life of the process. `out` is borrowed.
 */
int syscall_filter_get(uint64_t capabilities, const struct sock_fprog **out,
                       struct error *err) MUST_CHECK;

/* Put the calling process under it, for good. */
int syscall_filter_load(const struct sock_fprog *filter, struct error *err) MUST_CHECK;
