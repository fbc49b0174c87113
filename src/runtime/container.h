/* SPDX-License-Identifier: MIT */

/*
 * One container, from spec to exit status
 *
 * The overlay is mounted inside of the container's own mount namespace and so goes with its
 * last process; what stays on the host is the cgroup, which container_destroy() removes.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/spec.h"
#include "util/macro.h"

struct error;

/* A process is named by pidfd and start time, never by its pid alone. */
struct container_process {
    pid_t pid;
    int pidfd;           /* O_CLOEXEC; the caller closes it */
    uint64_t start_time; /* field 22 of /proc/PID/stat */
    int terminal_fd;     /* master of the terminal, or -1 */
};

/*
 * Start the container: on success its program has been executed (execve() succeeded). On
 * failure nothing is left behind. ERROR_NOT_FOUND: the program does not exist in the container
 * (exit code 127 by custom). ERROR_DENIED: it cannot be executed (126). ERROR_INVALID: the spec.
 */
int container_start(const struct container_spec *spec, struct container_process *out,
                    struct error *err) MUST_CHECK;

/* A further process in a running container. */
struct container_exec_spec {
    const char *id, *cgroup_parent; /* as in the container's spec */
    pid_t pid; /* of the container's first process, checked against start_time */
    uint64_t start_time;
    struct strings args, env;
    const char *cwd, *user; /* NULL: "/", root */
    uint64_t capabilities;
    bool allow_new_privileges, privileged, seccomp_unconfined;
    bool terminal;
    int stdin_fd, stdout_fd, stderr_fd; /* -1: /dev/null */
};

/*
 * The process is a child of the caller, who reaps it. Errors as of container_start();
 * ERROR_NOT_FOUND also when the container does not run any more (text begins "container").
 */
int container_exec(const struct container_exec_spec *spec, struct container_process *out,
                   struct error *err) MUST_CHECK;

/* Open a process that was recorded earlier; ERROR_NOT_FOUND: it is gone (or another has its pid).
 */
int container_open_process(pid_t pid, uint64_t start_time, int *pidfd_out,
                           struct error *err) MUST_CHECK;

/* Kill every process of the container; returns when none is left or after `timeout_ms`
 * (ERROR_TIMEOUT). It is no error when there is none. */
int container_kill_all(const char *cgroup_parent, const char *id, int64_t timeout_ms,
                       struct error *err) MUST_CHECK;

/* Remove the cgroups, in all hierarchies; the container must be dead. Idempotent. */
int container_destroy(const char *cgroup_parent, const char *id, struct error *err) MUST_CHECK;

/* Remove the stack's own cgroup `parent` and, with everything killed, all below it. */
int container_destroy_parent(const char *cgroup_parent, struct error *err) MUST_CHECK;

struct container_usage {
    uint64_t cpu_ns; /* since the start */
    uint64_t throttled_ns;
    uint64_t memory_bytes;       /* without reclaimable page cache, as `docker stats` shows */
    uint64_t memory_limit_bytes; /* 0: none */
    uint64_t pids;
    uint64_t oom_kills; /* since the cgroup was made */
};

/* ERROR_NOT_FOUND: there is no such container. */
int container_usage(const char *cgroup_parent, const char *id, struct container_usage *out,
                    struct error *err) MUST_CHECK;

/* Change the limits of a running container. */
int container_update(const char *cgroup_parent, const char *id,
                     const struct container_limits *limits, struct error *err) MUST_CHECK;

/* Is this host able to run containers? ERROR_UNSUPPORTED names what is missing. */
int container_check_host(struct error *err) MUST_CHECK;
