/* SPDX-License-Identifier: MIT */

/*
 * The options of `carte run` and `create`
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cli/option.h"
#include "util/strings.h"

struct single_options {
    bool detach, interactive, terminal, remove, sig_proxy, quiet, publish_all;
    const char *name, *detach_keys, *pull, *platform, *cidfile, *log_driver;
    bool init, privileged, read_only;
    const char *user, *workdir, *hostname, *domainname, *entrypoint, *ip, *restart, *stop_signal,
        *userns, *pid, *ipc, *cpuset, *memory_swap, *memory_reservation, *cpu_shares, *memory,
        *cpus, *pids_limit, *shm_size;
    int64_t stop_timeout_ms;
    struct strings env, env_files, label_files, log_opts, mounts, volumes, ports, expose, cap_add,
        cap_drop, security_opt, tmpfs, labels, extra_hosts, networks, network_aliases, dns,
        dns_search, dns_opt, group_add, sysctls, ulimits, devices;
    const char *health_cmd;
    int64_t health_interval_ms, health_timeout_ms, health_start_period_ms, health_start_interval_ms,
        health_retries;
    bool no_health;
};

extern const struct option single_option_rows[];
