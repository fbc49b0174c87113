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
struct syscall_profile;

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

/*
 * The same in two steps, for two programs: everything but the program is done when this returns,
 * and the process waits at the new socket `gate` (a path in a folder that only the caller may
 * enter) for container_release(), also after the end of the caller. Errors as of
 * container_start() but for those of executing the program, which come with the release. Without
 * a gate (NULL) it is container_start().
 */
int container_create(const struct container_spec *spec, const char *gate,
                     struct container_process *out, struct error *err) MUST_CHECK;

/*
 * Let the process that waits at `gate` run: on success its program has been executed. ERROR_EXISTS:
 * no process waits there, because it was released before or is dead. `syscalls` is only needed
 * where the filter notifies: its on_listener() is called here, with a pid of 0.
 */
int container_release(const char *gate, const struct syscall_profile *syscalls,
                      struct error *err) MUST_CHECK;

/* A further process in a running container. */
struct container_exec_spec {
    const char *id, *cgroup_parent; /* as in the container's spec */
    const char *sub_cgroup;         /* below the container's cgroup, which has it; or NULL */
    pid_t pid; /* of the container's first process, checked against start_time */
    uint64_t start_time;
    struct container_program program;
};

/*
 * The process is a child of the caller, who reaps it. Errors as of container_start();
 * ERROR_NOT_FOUND also when the container does not run any more (text begins "container").
 */
int container_exec(const struct container_exec_spec *spec, struct container_process *out,
                   struct error *err) MUST_CHECK;

/* Open a process that was recorded earlier; ERROR_NOT_FOUND: gone, or another has its pid. */
int container_open_process(pid_t pid, uint64_t start_time, int *pidfd_out,
                           struct error *err) MUST_CHECK;

/* Kill every process of the container; returns when none is left or after `timeout_ms`
 * (ERROR_TIMEOUT). It is no error when there is none. */
int container_kill_all(const char *cgroup_parent, const char *id, int64_t timeout_ms,
                       struct error *err) MUST_CHECK;

/* Kill what is in the cgroups that `mark` (cgroup_mark.h) names, and remove them. Idempotent. */
int container_end(const char *cgroup_parent, const char *id, const char *mark, int64_t timeout_ms,
                  struct error *err) MUST_CHECK;

/* Remove the cgroups, in all hierarchies; the container must be dead. Idempotent. */
int container_destroy(const char *cgroup_parent, const char *id, struct error *err) MUST_CHECK;

/* Remove the stack's own cgroup `parent` and, with everything killed, all below it. */
int container_destroy_parent(const char *cgroup_parent, struct error *err) MUST_CHECK;

/* All processes in the cgroups of `mark`, as the caller sees them; `out` is to be freed. */
int container_list(const char *cgroup_parent, const char *id, const char *mark, pid_t **out,
                   size_t *count_out, struct error *err) MUST_CHECK;

/* Send the signal `number` to each of these, and to nobody who has got the pid of one meanwhile. */
int container_signal_all(const char *cgroup_parent, const char *id, const char *mark, int number,
                         struct error *err) MUST_CHECK;

/*
 * Stop all processes where they are, or let them go on. When container_freeze() fails they go
 * on; ERROR_TIMEOUT: one of them did not stop in time. Freezing what is frozen is no error.
 */
int container_freeze(const char *cgroup_parent, const char *id, int64_t timeout_ms,
                     struct error *err) MUST_CHECK;
int container_thaw(const char *cgroup_parent, const char *id, struct error *err) MUST_CHECK;
bool container_is_frozen(const char *cgroup_parent, const char *id);

/*
 * For how long some, or all, processes waited: in the last 10 s in hundredths of a per cent, and
 * in all.
 */
struct container_pressure {
    uint32_t some_10s, full_10s;
    uint64_t some_total_us, full_total_us;
};

struct container_usage {
    uint64_t cpu_ns; /* since the start */
    uint64_t cpu_user_ns, cpu_system_ns;
    uint64_t cpu_periods, throttled_periods;
    uint64_t throttled_ns;
    uint64_t memory_bytes;       /* without reclaimable page cache, as `docker stats` shows */
    uint64_t memory_limit_bytes; /* 0: none */
    uint64_t memory_peak_bytes;  /* 0: not known before Linux 5.19 on version 2 */
    uint64_t memory_idle_bytes;  /* the reclaimable page cache */
    uint64_t memory_cache_bytes, memory_swap_bytes, kernel_memory_bytes;
    uint64_t pids, pids_limit; /* 0: none */
    uint64_t oom_kills;        /* since the cgroup was made */
    uint64_t io_read_bytes, io_write_bytes, io_reads, io_writes;
    uint64_t huge_page_bytes;
    struct container_pressure cpu_pressure, memory_pressure, io_pressure; /* version 2 */
};

/* ERROR_NOT_FOUND: there is no such container. What this host does not count is zero. */
int container_usage(const char *cgroup_parent, const char *id, struct container_usage *out,
                    struct error *err) MUST_CHECK;

/* Change the limits of a running container; zero lifts one. */
int container_update(const char *cgroup_parent, const char *id,
                     const struct container_limits *limits, struct error *err) MUST_CHECK;

/* The same in detail: what is not given stays. */
int container_update_resources(const char *cgroup_parent, const char *id,
                               const struct container_resources *resources,
                               struct error *err) MUST_CHECK;

/* Is this host able to run containers? ERROR_UNSUPPORTED names what is missing. */
int container_check_host(struct error *err) MUST_CHECK;
