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

/* The number of a system call, also of one newer than the library; __NR_SCMP_ERROR: unknown. */
int syscall_filter_find_number(const char *name);

/* What libseccomp's `context` compiles to; `out->filter` is to be freed. */
int syscall_filter_export(void *context, struct sock_fprog *out, struct error *err) MUST_CHECK;

/*
 * Put the calling process under it, for good; `flags` are those of seccomp(2). Returns the
 * descriptor of a new listener where the flags ask for one, else 0.
 */
int syscall_filter_load(const struct sock_fprog *filter, unsigned flags,
                        struct error *err) MUST_CHECK;
