/* SPDX-License-Identifier: MIT */

/*
 * What a container is to be: the input of container_start()
 *
 * Plain data, borrowed for the call. It knows nothing of services or images: who fills it
 * (supervise/plan.c, build/, cli/) has resolved both.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/strings.h"

enum container_mount_kind { CONTAINER_MOUNT_BIND, CONTAINER_MOUNT_TMPFS };

struct container_mount {
    enum container_mount_kind kind;
    const char *source; /* bind: path on the host, a folder or a file */
    const char *target; /* path in the container; made if it is missing */
    bool read_only;
    uint64_t size_bytes; /* tmpfs; 0: half of the memory */
    uint32_t mode;       /* tmpfs; 0: 1777 */
};

/* Zero means: no limit. */
struct container_limits {
    uint64_t cpu_millis; /* thousandths of one core */
    uint64_t memory_bytes;
    uint64_t pids;
};

struct container_ulimit {
    int resource; /* RLIMIT_... */
    uint64_t soft, hard;
};

enum container_network {
    CONTAINER_NETWORK_NONE, /* a namespace of its own with loopback only */
    CONTAINER_NETWORK_HOST, /* the caller's */
    CONTAINER_NETWORK_JOIN, /* the one at netns_path */
};

struct container_spec {
    /*
     * Names the cgroup: at most 60 of [a-z0-9-], unique on the machine, for example
     * "carte1f3a-login-1". The cgroup lies at carte/<parent>/<id> of every hierarchy.
     */
    const char *id;
    const char *cgroup_parent; /* the stack's cgroup: "carte1f3a"; NULL: none */

    struct strings lower; /* unpacked layers, topmost first; at least one */
    const char *upper;    /* writable layer and overlay's work folder, both on the host */
    const char *work;
    bool read_only; /* root file system */

    struct strings args; /* args.items[0] is looked for in PATH of env */
    struct strings env;
    const char *cwd;  /* made if it is missing; NULL: "/" */
    const char *user; /* "name", "uid", "uid:gid", "name:group", looked up inside; NULL: root */
    struct strings groups; /* supplementary, names or numbers */
    const char *hostname, *domainname;

    const struct container_mount *mounts; /* in order, after the default ones */
    size_t mount_count;
    uint64_t shm_bytes; /* of /dev/shm; 0: 64 MiB */

    enum container_network network;
    const char *netns_path;

    uint64_t capabilities; /* bit n: capability n is kept; see capability.h */
    bool allow_new_privileges;
    bool privileged; /* no seccomp filter, no masked paths, all devices */
    bool seccomp_unconfined;

    struct container_limits limits;
    const struct container_ulimit *ulimits;
    size_t ulimit_count;
    const struct strings_map *sysctls; /* of own namespaces only; or NULL */
    int oom_score_adj;                 /* 0: unchanged */

    bool init;     /* a small init is process 1 and forwards signals */
    bool terminal; /* stdio is a new terminal: its master is container_process.terminal_fd */
    int stdin_fd, stdout_fd, stderr_fd; /* given to the process; -1: /dev/null */

    /*
     * Make the process a child of the caller's parent (the keeper) instead of the caller
     * (CLONE_PARENT): it is then not reaped by the caller, who watches its pidfd.
     */
    bool sibling;
};
