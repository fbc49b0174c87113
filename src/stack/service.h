/* SPDX-License-Identifier: MIT */

/*
 * Services, as the user wants them
 *
 * Plain data, filled by the decoder from the tables of the modules of this
 * room; every default of the file
 * format is already in place. Strings and arrays are owned by the service. Zero of a limit
 * means: none given. Where a NULL string or an empty list means "as the image says", the
 * member says so.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/autoscale.h"
#include "stack/service_parts.h"
#include "util/strings.h"

enum service_user_namespace {
    SERVICE_USER_NAMESPACE_HOST,
    SERVICE_USER_NAMESPACE_AUTO, /* ids of its own */
};

struct service {
    char *name;
    char *image; /* reference; a built service without one has "<project>-<service>" */
    struct service_build build;
    char *platform; /* or NULL: this machine's */
    enum service_pull pull_policy;
    int64_t pull_refresh_after_ms;    /* of SERVICE_PULL_REFRESH */
    char *container_name;             /* or NULL */
    bool has_command, has_entrypoint; /* false: as the image says */
    struct strings command, entrypoint;
    struct strings_map environment; /* env_file is merged in; a value may be NULL: unset */
    struct service_env_file *env_files;
    size_t env_file_count;
    struct strings_map labels, sysctls;
    char *user, *working_dir, *hostname, *domainname; /* or NULL */
    struct service_port *ports;
    size_t port_count;
    struct strings expose, cap_add, cap_drop, security_opt, group_add, dns, dns_search, dns_opt,
        extra_hosts, profiles;
    struct service_network *networks; /* empty with network_mode */
    size_t network_count;
    char *network_mode;           /* none, host, service:NAME, or NULL */
    struct service_mount *mounts; /* volumes and tmpfs */
    size_t mount_count;
    struct service_dependency *depends_on;
    size_t dependency_count;
    struct service_file *configs, *secrets;
    size_t config_count, secret_count;
    struct service_healthcheck healthcheck;
    enum service_unhealthy on_unhealthy;
    enum service_user_namespace user_namespace;
    bool auto_remove;
    bool read_only, init, tty, stdin_open, privileged;
    char *stop_signal; /* "SIGTERM", or NULL: as the image says */
    int64_t stop_grace_period_ms;
    uint64_t shm_bytes;
    char *cpuset;                   /* "0-2,4", or NULL */
    char *pid, *ipc;                /* host, private, or NULL: private */
    uint64_t cpu_shares;            /* 0: as usual */
    uint64_t memory_and_swap_bytes; /* 0: as the machine gives */
    struct service_device *devices;
    size_t device_count;
    struct service_ulimit *ulimits;
    size_t ulimit_count;
    int64_t replicas;
    struct service_limits limits, reservations;
    struct service_restart_policy restart;
    struct service_update update, rollback;
    struct autoscale_policy autoscale;
};
