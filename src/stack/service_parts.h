/* SPDX-License-Identifier: MIT */

/*
 * Parts of a service
 *
 * Plain data: see service.h, which includes this.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/service_build.h"
#include "util/strings.h"

enum service_protocol { SERVICE_TCP, SERVICE_UDP };

/* A published port: belongs to the service and is balanced over its ready replicas. */
struct service_port {
    char *host_ip;           /* NULL: every address of the machine */
    uint16_t published;      /* first host port; 0: one is chosen */
    uint16_t published_last; /* of a range to choose from, else = published */
    uint16_t target;
    enum service_protocol protocol;
};

enum service_mount_kind { SERVICE_MOUNT_BIND, SERVICE_MOUNT_VOLUME, SERVICE_MOUNT_TMPFS };

struct service_mount {
    enum service_mount_kind kind;
    char *source; /* bind: absolute host path; volume: key of stack->volumes, NULL: anonymous */
    char *target;
    bool read_only;
    bool create_host_path; /* bind: make the folder if it is missing */
    bool no_copy;          /* volume: do not fill it from the image when it is new */
    char *subpath;         /* volume: this folder of it, or NULL */
    uint64_t size_bytes;   /* tmpfs */
    uint32_t mode;         /* tmpfs; 0: 1777 */
};

struct service_network {
    char *network; /* key of stack->networks */
    struct strings aliases;
    char *ipv4_address; /* or NULL */
};

enum service_condition {
    SERVICE_STARTED,
    SERVICE_HEALTHY,
    SERVICE_COMPLETED,
};

struct service_dependency {
    char *service;
    enum service_condition condition;
    bool required;
    bool restart;
};

enum service_probe {
    SERVICE_PROBE_INHERIT,
    SERVICE_PROBE_NONE,
    SERVICE_PROBE_CMD,
    SERVICE_PROBE_SHELL
};
enum service_unhealthy {
    SERVICE_UNHEALTHY_RESTART,
    SERVICE_UNHEALTHY_REPLACE,
    SERVICE_UNHEALTHY_NONE
};

/* When the image is fetched. */
enum service_pull {
    SERVICE_PULL_MISSING,
    SERVICE_PULL_ALWAYS,
    SERVICE_PULL_NEVER,
    SERVICE_PULL_BUILD,  /* it is built, each time */
    SERVICE_PULL_REFRESH /* when the last time was long ago */
};

struct service_healthcheck {
    enum service_probe probe; /* INHERIT: as the image says */
    struct strings test;      /* CMD: argv; SHELL: one string for /bin/sh -c */
    int64_t interval_ms, timeout_ms, start_period_ms, start_interval_ms;
    int64_t retries;
    bool disable; /* `disable: true` was written: probe is NONE */
};

/* A config or secret that the service may read. */
struct service_file {
    char *source; /* key of stack->configs or stack->secrets */
    char *target; /* absolute path in the container */
    uint32_t uid, gid, mode;
};

enum service_restart { SERVICE_RESTART_NO, SERVICE_RESTART_ON_FAILURE, SERVICE_RESTART_ANY };

struct service_restart_policy {
    enum service_restart condition;
    bool unless_stopped;  /* compose's `unless-stopped`: a stopped service stays so at boot */
    int64_t delay_ms;     /* first back-off; doubles up to a cap */
    int64_t max_attempts; /* 0: no end */
    int64_t window_ms;
};

enum service_order { SERVICE_STOP_FIRST, SERVICE_START_FIRST };
enum service_failure_action {
    SERVICE_FAILURE_PAUSE,
    SERVICE_FAILURE_CONTINUE,
    SERVICE_FAILURE_ROLLBACK
};

struct service_update {
    int64_t parallelism; /* 0: all at once */
    int64_t delay_ms, monitor_ms;
    int64_t max_failure_millis; /* share of failures that is tolerated, in thousandths */
    enum service_failure_action failure_action;
    enum service_order order;
};

struct service_limits {
    uint64_t cpu_millis; /* thousandths of a core */
    uint64_t memory_bytes;
    uint64_t pids;
};

struct service_ulimit {
    char *name;
    int64_t soft, hard; /* -1: unlimited */
};

struct service_device {
    char *source; /* a device node of this machine */
    char *target; /* below /dev of the container */
    char *permissions;
};

/* A file of variables; empty once the stack is loaded, because they are in `environment`. */
struct service_env_file {
    char *path; /* absolute */
    bool required;
    bool raw;
};
