/* SPDX-License-Identifier: MIT */

/*
 * Which system calls containers may use: the data of the filter
 */

#pragma once

#include <stdint.h>

/* Always allowed; ended by NULL. */
const char *const *syscall_list_allowed(void);

/* Known to be dangerous or out of use: answered with EPERM; ended by NULL. */
const char *const *syscall_list_refused(void);

/* Calls that belong to capabilities; any one of `capabilities` allows them. */
struct syscall_list_group {
    uint64_t capabilities;
    const char *const *names; /* NULL in the last group */
};
const struct syscall_list_group *syscall_list_groups(void);

/* The number of a call that is newer than the library; -1: not known here either. */
int syscall_list_find_number(const char *name);
