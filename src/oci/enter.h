/* SPDX-License-Identifier: MIT */

/*
 * A further process in a container: `exec`
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"
#include "util/strings.h"

struct container_process;
struct error;
struct folder;
struct record;

/* The process, as JSON or as what is different from the container's own. */
struct enter_changes {
    const char *process; /* JSON, or NULL; with it all but the last group does not count */
    size_t process_length;

    struct strings args, env, capabilities;
    const char *cwd;  /* or NULL */
    int64_t uid, gid; /* -1: not said */
    uint32_t *groups;
    size_t group_count;
    bool terminal, no_new_privileges;

    const char *cgroup;                                   /* below the container's, or NULL */
    const char *console_socket, *pidfd_socket, *pid_file; /* or NULL */
    unsigned preserved_fds;
    bool keeps_terminal; /* the caller relays it */
    bool ignore_paused;
    int stdio[3];
};

/* On success the program was executed; it is a child of the caller. Errors as container_exec(). */
int enter_container(const struct folder *folder, const struct record *record,
                    const struct enter_changes *changes, struct container_process *out,
                    struct strings *warnings, struct error *err) MUST_CHECK;
