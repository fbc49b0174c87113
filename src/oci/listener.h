/* SPDX-License-Identifier: MIT */

/*
 * The seccomp agent that is asked by a filter with SCMP_ACT_NOTIFY (config-linux.md, The
 * Container Process State)
 */

#pragma once

#include "util/macro.h"

struct config_seccomp;
struct error;
struct record;

struct listener {
    const struct config_seccomp *seccomp;
    const struct record *record;
};

/* The on_listener of struct syscall_profile; `context` is a struct listener. Without a
 * pid it is the container's own process. */
int listener_send(void *context, int listener_fd, int pid, struct error *err) MUST_CHECK;
