/* SPDX-License-Identifier: MIT */

/*
 * `process` of config.json, also what `exec --process` takes
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/shape.h"
#include "runtime/program.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;
struct json;

struct config_capabilities {
    struct strings bounding, effective, permitted, inheritable, ambient;
};

struct config_process {
    bool terminal, no_new_privileges;
    int64_t rows, columns;
    uint32_t uid, gid, umask;
    bool has_umask;
    uint32_t *groups;
    size_t group_count;
    struct strings args, env;
    const char *cwd;
    struct config_capabilities capabilities;
    bool has_capabilities;
    struct container_ulimit *ulimits;
    size_t ulimit_count;
    int64_t oom_score_adj;
    bool has_oom_score_adj;
    const char *apparmor_profile, *selinux_label;

    bool has_scheduler;
    int policy; /* SCHED_... */
    int64_t nice, priority;
    uint64_t scheduler_flags; /* SCHED_FLAG_... */
    uint64_t runtime_ns, deadline_ns, period_ns;

    bool has_io_priority;
    int io_class;
    int64_t io_level;
    const char *initial_cpus, *final_cpus;
};

extern const struct shape config_process_shape;
