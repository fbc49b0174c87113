/* SPDX-License-Identifier: MIT */

/*
 * What a container is to be: the input of container_start() and container_create()
 *
 * Plain data, borrowed for the call. It knows nothing of services, images or config.json: who
 * fills it (supervise/plan.c, build/, cli/, oci/) has resolved them. Zero means our default.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/mount_spec.h"
#include "runtime/program.h"
#include "util/strings.h"

struct container_resources;
struct error;

enum container_namespace {
    CONTAINER_NAMESPACE_MOUNT,
    CONTAINER_NAMESPACE_PID,
    CONTAINER_NAMESPACE_UTS,
    CONTAINER_NAMESPACE_IPC,
    CONTAINER_NAMESPACE_NETWORK, /* a new one has loopback only */
    CONTAINER_NAMESPACE_CGROUP,
    CONTAINER_NAMESPACE_USER,
    CONTAINER_NAMESPACE_TIME,
    CONTAINER_NAMESPACE_COUNT,
};

enum container_namespace_how {
    CONTAINER_NEW, /* of user and time: only with maps or offsets, else as _INHERIT */
    CONTAINER_INHERIT,
    CONTAINER_JOIN, /* the one at `path` */
};

struct container_namespace_choice {
    enum container_namespace_how how;
    const char *path;
};

struct container_time_offset {
    int64_t seconds;
    uint32_t nanoseconds;
};

/* A device node; an existing one that is the same is no error. */
struct container_device {
    const char *path;
    const char *source; /* the host's node, which a user namespace mounts; NULL: that of `path` */
    const char *access; /* some of "rwm", of a container that is not bare; NULL: all */
    char type;          /* 'c', 'b' or 'p' */
    uint32_t major, minor;
    mode_t mode;
    uid_t uid;
    gid_t gid;
};

/* Zero means: no limit. */
struct container_limits {
    uint64_t cpu_millis; /* thousandths of one core */
    uint64_t memory_bytes;
    uint64_t memory_low_bytes; /* reclaimed last; zero: none of it */
    uint64_t pids;
};

enum container_stage {
    CONTAINER_CREATE_RUNTIME,   /* in the maker; all namespaces and mounts are there */
    CONTAINER_CREATE_CONTAINER, /* in the container's namespaces, before its root is the root */
    CONTAINER_START_CONTAINER,  /* in the container, before rights are given up */
};

/* `pid` is the container's process as the maker sees it. A failure ends the start. */
typedef int (*container_hook_fn)(void *context, enum container_stage stage, pid_t pid,
                                 struct error *err);

/* The cgroup is made and no process is in it yet. A failure ends the start. */
typedef int (*container_cgroup_fn)(void *context, const char *mark, struct error *err);

struct container_spec {
    /*
     * Names the cgroup: at most 60 of [a-z0-9-], unique on the machine, for example
     * "carte1f3a-login-1". The cgroup lies at carte/<parent>/<id> of every hierarchy; where
     * `cgroup_parent` begins with "/" it is the whole path, and `id` (any text of [A-Za-z0-9_+.-])
     * only names the container in messages.
     */
    const char *id;
    const char *cgroup_parent; /* the stack's cgroup: "carte1f3a"; NULL: none */

    const char *root;     /* the root as a plain folder, instead of the three below */
    struct strings lower; /* unpacked layers, topmost first; at least one */
    const char *upper;    /* writable layer and overlay's work folder, both on the host */
    const char *work;
    bool read_only;            /* root file system */
    uint64_t root_propagation; /* MS_SHARED, ... of "/" inside; 0: private */

    struct container_program program;
    bool init; /* a small init is process 1 and forwards signals */
    const char *hostname, *domainname;
    unsigned long personality; /* as of personality(2) */

    struct container_namespace_choice namespaces[CONTAINER_NAMESPACE_COUNT];
    struct container_id_maps id_maps;                         /* a user namespace of its own */
    const struct container_time_offset *monotonic, *boottime; /* a time namespace of its own */

    const struct container_mount *mounts; /* in order, after the default ones */
    size_t mount_count;
    uint64_t shm_bytes;                     /* of the default /dev/shm; 0: 64 MiB */
    const struct container_device *devices; /* besides the default ones, which are always made */
    size_t device_count;
    const struct strings *masked_paths, *read_only_paths; /* instead of ours, or NULL */
    const struct strings_map *sysctls;                    /* of own namespaces only; or NULL */

    struct container_limits limits;
    const struct container_resources *resources; /* besides `limits`, or NULL */

    container_hook_fn hook;        /* or NULL */
    container_cgroup_fn on_cgroup; /* the same; `mark` is for container_end() */
    void *hook_context;            /* of both */

    /*
     * Make the process a child of the caller's parent (the keeper) instead of the caller
     * (CLONE_PARENT): it is then not reaped by the caller, who watches its pidfd.
     */
    bool sibling;
};
