/* SPDX-License-Identifier: MIT */

/*
 * What is executed in a container, and with which rights: the same for its first process and
 * for those that join it later
 *
 * Plain data, borrowed for the call. Zero means our default in every field.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/strings.h"

struct syscall_profile;

struct container_ulimit {
    int resource; /* RLIMIT_... */
    uint64_t soft, hard;
};

/* The user in numbers: exactly these, and nothing is looked up but the home folder. */
struct container_ids {
    uid_t uid;
    gid_t gid;
    const gid_t *groups; /* supplementary */
    size_t group_count;
};

/* Bit n is capability n. Those that the caller does not have itself are left out. */
struct container_capabilities {
    uint64_t bounding, effective, permitted, inheritable, ambient;
};

/* As of sched_setattr(2). */
struct container_scheduler {
    uint32_t policy; /* SCHED_... */
    int32_t nice;
    uint32_t priority;
    uint64_t flags;
    uint64_t runtime_ns, deadline_ns, period_ns;
};

/* As of ioprio_set(2). */
struct container_io_priority {
    int class;
    int level;
};

struct container_program {
    struct strings args; /* args.items[0] is looked for in PATH of env */
    struct strings env;  /* HOME is added if it is missing */
    const char *cwd;     /* made if it is missing, but not by an exec; NULL: "/" */
    const char *user;    /* "name", "uid", "uid:gid", "name:group", looked up inside; NULL: root */
    struct strings groups;           /* supplementary, names or numbers */
    const struct container_ids *ids; /* instead of `user` and `groups`, or NULL */
    const mode_t *umask;             /* NULL: 022 */

    uint64_t capabilities; /* kept of root, bounding of another user; see capability.h */
    const struct container_capabilities *capability_sets; /* instead of them, or NULL */
    bool allow_new_privileges;
    bool privileged; /* no seccomp filter, no masked paths, all devices */
    bool seccomp_unconfined;
    const struct syscall_profile *syscalls; /* instead of our own filter, or NULL */

    /*
     * Nothing is done that is not written here, as an OCI runtime must: no rlimits, mounts, masks,
     * kernel parameters or rules of our own. An rlimit or OOM score that the caller may not
     * set is an error then; else it is clamped.
     */
    bool bare;
    const struct container_ulimit *ulimits;
    size_t ulimit_count;
    const int *oom_score_adj; /* NULL: unchanged */
    const struct container_scheduler *scheduler;
    const struct container_io_priority *io_priority;
    const char *initial_cpus, *final_cpus; /* lists such as "0-1,4": before and at execve() */
    bool keep_keyring;                     /* no session keyring of its own */

    bool terminal; /* stdio is a new terminal: its master is container_process.terminal_fd */
    uint16_t terminal_rows, terminal_columns; /* 0: unset */
    int stdin_fd, stdout_fd, stderr_fd;       /* given to the process; -1: /dev/null */
    unsigned preserved_fds; /* the caller's descriptors 3 .. 3+n-1 are given to the process, too */
};
