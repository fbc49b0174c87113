/* SPDX-License-Identifier: MIT */

/*
 * Cgroup limits
 *
 * The versions differ in the names of their files and in how a value is spelled there, not in
 * what a limit means. So a limit is one row of the table below, and no function here knows a
 * limit by name: to add one, add a field to struct container_limits and a row.
 */

#include "runtime/cgroup_limit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/cgroup.h"
#include "runtime/spec.h"
#include "util/cleanup.h"
#include "util/error.h"

/* In a file, a value is multiplied by `scale` and followed by `suffix`; `none` lifts it. */
struct spelling {
    const char *file;
    uint64_t scale;
    const char *suffix;
    const char *none;
};

/*
 * A thousandth of a core is 100 us of every 100 ms. On v1 the 100 ms stand in a file of their
 * own, cpu.cfs_period_us, and are its default; on v2 they follow the quota.
 */
static const struct limit {
    const char *name;
    size_t offset; /* in struct container_limits */
    enum cgroup_controller controller;
    struct spelling on[CGROUP_VERSION_COUNT];
} limit_table[] = {
    {
        .name = "cpu",
        .offset = offsetof(struct container_limits, cpu_millis),
        .controller = CGROUP_CPU,
        .on[CGROUP_V1] = { "cpu.cfs_quota_us", 100, "", "-1" },
        .on[CGROUP_V2] = { "cpu.max", 100, " 100000", "max" },
    },
    {
        .name = "memory",
        .offset = offsetof(struct container_limits, memory_bytes),
        .controller = CGROUP_MEMORY,
        .on[CGROUP_V1] = { "memory.limit_in_bytes", 1, "", "-1" },
        .on[CGROUP_V2] = { "memory.max", 1, "", "max" },
    },
    {
        .name = "pids",
        .offset = offsetof(struct container_limits, pids),
        .controller = CGROUP_PIDS,
        .on[CGROUP_V1] = { "pids.max", 1, "", "max" },
        .on[CGROUP_V2] = { "pids.max", 1, "", "max" },
    },
};

/* Write `text` to the control file `name` in `dirfd`; the kernel takes it whole or refuses. */
static int write_limit(int dirfd, const char *name, const char *text, struct error *err)
{
    AUTO_CLOSE int fd = -1;

    if (dirfd >= 0)
        fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (dirfd < 0 || (fd < 0 && errno == ENOENT))
        return error_set(err, ERROR_UNSUPPORTED, "no %s: controller not enabled", name);
    if (fd < 0)
        return error_set_errno(err, errno, "open %s", name);
    if (write(fd, text, strlen(text)) < 0)
        return error_set_errno(err, errno, "write '%s' to %s", text, name);
    return 0;
}

static int apply_row(const struct cgroup *cgroup, const struct limit *limit, uint64_t value,
                     struct error *err)
{
    const struct spelling *on = &limit->on[cgroup_get_version(cgroup, limit->controller)];
    char text[48];

    if (value > UINT64_MAX / on->scale)
        return error_set(err, ERROR_INVALID, "limit %s: %" PRIu64 " is too much", limit->name,
                         value);
    if (value == 0)
        snprintf(text, sizeof(text), "%s", on->none);
    else
        snprintf(text, sizeof(text), "%" PRIu64 "%s", value * on->scale, on->suffix);
    if (write_limit(cgroup_get_folder(cgroup, limit->controller), on->file, text, err) < 0)
        return error_wrap(err, "limit %s", limit->name);
    return 0;
}

int cgroup_limit_apply(const struct cgroup *cgroup, const struct container_limits *limits,
                       bool update, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(limit_table); i++) {
        const uint64_t *value = member_at_const(limits, limit_table[i].offset);

        if (*value == 0 && (!update || cgroup_get_folder(cgroup, limit_table[i].controller) < 0))
            continue;
        if (apply_row(cgroup, &limit_table[i], *value, err) < 0)
            return -1;
    }
    return 0;
}
