/* SPDX-License-Identifier: MIT */

/*
 * `process` of config.json (config.md, Process)
 */

#include "oci/config_process.h"

#include <linux/ioprio.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/resource.h>

#include "util/error.h"

static const struct shape_row size_rows[] = {
    { .key = "height", SHAPE(INT, struct config_process, rows), .max = UINT16_MAX },
    { .key = "width", SHAPE(INT, struct config_process, columns), .max = UINT16_MAX },
    { 0 },
};
static const struct shape size_shape = { size_rows, 0, 0, NULL };

/* The last id is the kernel's own "none". */
#define ID_MAX (UINT32_MAX - 1)
static const struct shape_row user_rows[] = {
    { .key = "uid", SHAPE(ID, struct config_process, uid), .max = ID_MAX },
    { .key = "gid", SHAPE(ID, struct config_process, gid), .max = ID_MAX },
    { .key = "umask", SHAPE_MAYBE(ID, struct config_process, umask, has_umask), .max = 0777 },
    { .key = "additionalGids",
      SHAPE(IDS, struct config_process, groups),
      SHAPE_ALSO(struct config_process, group_count, size_t),
      .max = ID_MAX },
    { 0 },
};
static const struct shape user_shape = { user_rows, 0, 0, NULL };

static const struct shape_row capability_rows[] = {
    { .key = "bounding", SHAPE(TEXTS, struct config_capabilities, bounding) },
    { .key = "effective", SHAPE(TEXTS, struct config_capabilities, effective) },
    { .key = "permitted", SHAPE(TEXTS, struct config_capabilities, permitted) },
    { .key = "inheritable", SHAPE(TEXTS, struct config_capabilities, inheritable) },
    { .key = "ambient", SHAPE(TEXTS, struct config_capabilities, ambient) },
    { 0 },
};
static const struct shape capability_shape = { capability_rows, 0, 0, NULL };

static const struct shape_choice limits[] = {
    { "RLIMIT_AS", RLIMIT_AS },
    { "RLIMIT_CORE", RLIMIT_CORE },
    { "RLIMIT_CPU", RLIMIT_CPU },
    { "RLIMIT_DATA", RLIMIT_DATA },
    { "RLIMIT_FSIZE", RLIMIT_FSIZE },
    { "RLIMIT_LOCKS", RLIMIT_LOCKS },
    { "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
    { "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
    { "RLIMIT_NICE", RLIMIT_NICE },
    { "RLIMIT_NOFILE", RLIMIT_NOFILE },
    { "RLIMIT_NPROC", RLIMIT_NPROC },
    { "RLIMIT_RSS", RLIMIT_RSS },
    { "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
    { "RLIMIT_RTTIME", RLIMIT_RTTIME },
    { "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
    { "RLIMIT_STACK", RLIMIT_STACK },
    { 0 },
};
static const struct shape_row limit_rows[] = {
    { .key = "type",
      SHAPE(CHOICE, struct container_ulimit, resource),
      .choices = limits,
      .required = true },
    { .key = "soft", SHAPE(UINT, struct container_ulimit, soft), .required = true },
    { .key = "hard", SHAPE(UINT, struct container_ulimit, hard), .required = true },
    { 0 },
};
static int check_limit(const void *base, struct error *err)
{
    const struct container_ulimit *limit = base;

    if (limit->soft > limit->hard)
        return error_set(err, ERROR_INVALID, "the soft limit is above the hard one");
    return 0;
}
static const struct shape limit_shape = { limit_rows, sizeof(struct container_ulimit), 0,
                                          check_limit };

static const struct shape_choice policies[] = {
    { "SCHED_OTHER", SCHED_NORMAL },
    { "SCHED_FIFO", SCHED_FIFO },
    { "SCHED_RR", SCHED_RR },
    { "SCHED_BATCH", SCHED_BATCH },
    { "SCHED_IDLE", SCHED_IDLE },
    { "SCHED_DEADLINE", SCHED_DEADLINE },
    { 0 },
};
static const struct shape_choice scheduler_flags[] = {
    { "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
    { "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
    { "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
    { "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
    { "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
    { "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
    { "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
    { 0 },
};
static const struct shape_row scheduler_rows[] = {
    { .key = "policy",
      SHAPE(CHOICE, struct config_process, policy),
      .choices = policies,
      .required = true },
    { .key = "nice", SHAPE(INT, struct config_process, nice), .min = -20, .max = 19 },
    { .key = "priority", SHAPE(INT, struct config_process, priority), .max = 99 },
    { .key = "flags",
      SHAPE(CHOICES, struct config_process, scheduler_flags),
      .choices = scheduler_flags },
    { .key = "runtime", SHAPE(UINT, struct config_process, runtime_ns) },
    { .key = "deadline", SHAPE(UINT, struct config_process, deadline_ns) },
    { .key = "period", SHAPE(UINT, struct config_process, period_ns) },
    { 0 },
};
static const struct shape scheduler_shape = { scheduler_rows, 0, 0, NULL };

static const struct shape_choice io_classes[] = {
    { "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
    { "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
    { "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
    { 0 },
};
static const struct shape_row io_rows[] = {
    { .key = "class",
      SHAPE(CHOICE, struct config_process, io_class),
      .choices = io_classes,
      .required = true },
    { .key = "priority", SHAPE(INT, struct config_process, io_level), .max = 7 },
    { 0 },
};
static const struct shape io_shape = { io_rows, 0, 0, NULL };

static const struct shape_row affinity_rows[] = {
    { .key = "initial", SHAPE(TEXT, struct config_process, initial_cpus) },
    { .key = "final", SHAPE(TEXT, struct config_process, final_cpus) },
    { 0 },
};
static const struct shape affinity_shape = { affinity_rows, 0, 0, NULL };

static const struct shape_row rows[] = {
    { .key = "terminal", SHAPE(BOOL, struct config_process, terminal) },
    { .key = "consoleSize", SHAPE_GROUP(size_shape) },
    { .key = "user", SHAPE_GROUP(user_shape) },
    { .key = "args", SHAPE(TEXTS, struct config_process, args), .required = true },
    { .key = "env", SHAPE(TEXTS, struct config_process, env) },
    { .key = "cwd", SHAPE(TEXT, struct config_process, cwd), .required = true },
    { .key = "capabilities",
      SHAPE_EMBEDDED(struct config_process, capabilities, struct config_capabilities,
                     capability_shape),
      SHAPE_ALSO(struct config_process, has_capabilities, bool) },
    { .key = "rlimits",
      SHAPE_ARRAY(OBJECTS, struct config_process, ulimits, ulimit_count, struct container_ulimit,
                  limit_shape) },
    { .key = "noNewPrivileges", SHAPE(BOOL, struct config_process, no_new_privileges) },
    { .key = "apparmorProfile", SHAPE(TEXT, struct config_process, apparmor_profile) },
    { .key = "selinuxLabel", SHAPE(TEXT, struct config_process, selinux_label) },
    { .key = "oomScoreAdj",
      SHAPE_MAYBE(INT, struct config_process, oom_score_adj, has_oom_score_adj),
      .min = -1000,
      .max = 1000 },
    { .key = "scheduler",
      SHAPE_GROUP(scheduler_shape),
      SHAPE_ALSO(struct config_process, has_scheduler, bool) },
    { .key = "ioPriority",
      SHAPE_GROUP(io_shape),
      SHAPE_ALSO(struct config_process, has_io_priority, bool) },
    { .key = "execCPUAffinity", SHAPE_GROUP(affinity_shape) },
    { 0 },
};

static int check_labels(const struct config_process *process, struct error *err)
{
    if (process->apparmor_profile && *process->apparmor_profile)
        return error_set(err, ERROR_UNSUPPORTED,
                         "apparmorProfile: AppArmor is not supported: leave the profile out");
    if (process->selinux_label && *process->selinux_label)
        return error_set(err, ERROR_UNSUPPORTED,
                         "selinuxLabel: SELinux is not supported: leave the label out");
    return 0;
}

static int check(const void *base, struct error *err)
{
    const struct config_process *process = base;

    if (process->args.count == 0)
        return error_set(err, ERROR_INVALID, "args: at least one word is needed");
    if (process->cwd[0] != '/')
        return error_set(err, ERROR_INVALID, "cwd: '%.256s' is not absolute", process->cwd);
    for (size_t i = 0; i < process->ulimit_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (process->ulimits[i].resource == process->ulimits[j].resource)
                return error_set(err, ERROR_INVALID, "rlimits[%zu].type: '%s' is there twice", i,
                                 shape_find_name(limits, process->ulimits[i].resource));
        }
    }
    return check_labels(process, err);
}

const struct shape config_process_shape = { rows, sizeof(struct config_process), 0, check };
