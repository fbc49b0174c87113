/* SPDX-License-Identifier: MIT */

/*
 * What an engine is told of a new process: its terminal, its descriptor, its id
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"

struct container_process;
struct error;

struct tell {
    const char *console_socket, *pidfd_socket, *pid_file; /* or NULL */
};

/* Before anything is made: are the sockets there, and is there one for a terminal? */
int tell_check(const struct tell *tell, bool has_terminal, struct error *err) MUST_CHECK;

/* The terminal that was sent is closed. */
int tell_process(const struct tell *tell, struct container_process *process,
                 struct error *err) MUST_CHECK;

/*
 * After a failure to make a process: engines look for certain words to tell a program that is
 * missing, or that cannot be executed, from other failures. Returns -1.
 */
int tell_why(struct error *err);

/* Kill a process that nobody was told of, reap it and close its descriptors. */
void tell_end(struct container_process *process);
