/* SPDX-License-Identifier: MIT */

/*
 * The rights of a container's process
 *
 * The bounding set is dropped while the process may still do so. A filter is loaded last;
 * without no_new_privs that needs CAP_SYS_ADMIN, so there it is loaded before the
 * capabilities go, and lets the calls through that take them away.
 */

#include "runtime/posture.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/account.h"
#include "runtime/capability.h"
#include "runtime/channel.h"
#include "runtime/program.h"
#include "runtime/syscall_filter.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

#define NOFILE_SOFT 1024
#define NOFILE_HARD 524288

static int drop_bounding(uint64_t keep, struct error *err)
{
    for (unsigned c = 0; c <= CAP_LAST_CAP; c++) {
        if (keep >> c & 1)
            continue;
        /* EINVAL: the kernel is older than this capability. */
        if (prctl(PR_CAPBSET_DROP, c, 0, 0, 0) < 0 && errno != EINVAL)
            return error_set_errno(err, errno, "drop capability %u", c);
    }
    return 0;
}

/* By system call: the library would tell threads, of which there are none. */
static int set_ids(const struct account *account, struct error *err)
{
    if (syscall(SYS_setgroups, account->group_count, account->groups) < 0)
        return error_set_errno(err, errno, "set the groups");
    if (syscall(SYS_setresgid, account->gid, account->gid, account->gid) < 0)
        return error_set_errno(err, errno, "set the group %u", account->gid);
    if (syscall(SYS_setresuid, account->uid, account->uid, account->uid) < 0)
        return error_set_errno(err, errno, "set the user %u", account->uid);
    return 0;
}

static int set_ambient(uint64_t wanted, struct error *err)
{
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return error_set_errno(err, errno, "clear the ambient capabilities");
    for (unsigned c = 0; c <= CAP_LAST_CAP; c++) {
        if ((wanted >> c & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, c, 0, 0) < 0)
            return error_set_errno(err, errno, "raise ambient capability %u", c);
    }
    return 0;
}

/* Of those asked for, the ones that the caller has at all. */
static int set_capabilities(const struct container_capabilities *wanted, uint64_t permitted,
                            struct error *err)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { 0 };
    uint64_t kept = wanted->permitted & permitted;
    uint64_t inheritable = wanted->inheritable & wanted->bounding & permitted;

    for (size_t i = 0; i < ARRAY_SIZE(data); i++) {
        data[i].permitted = (uint32_t)(kept >> (32 * i));
        data[i].effective = (uint32_t)((wanted->effective & kept) >> (32 * i));
        data[i].inheritable = (uint32_t)(inheritable >> (32 * i));
    }
    if (syscall(SYS_capset, &header, data) < 0)
        return error_set_errno(err, errno, "set the capabilities");
    /* The kernel lets only those be ambient that are in both of the others. */
    return set_ambient(wanted->ambient & kept & inheritable, err);
}

struct container_capabilities posture_choose_capabilities(const struct container_program *program,
                                                          const struct account *account)
{
    uint64_t all = program->capabilities;
    uint64_t kept = account->uid == 0 ? all : 0;

    if (program->capability_sets)
        return *program->capability_sets;
    return (struct container_capabilities){ .bounding = all, .permitted = kept, .effective = kept };
}

/* A listener is of use to the maker alone; it has it before anything can be asked of it. */
static int load_filter(const struct posture *posture, struct error *err)
{
    AUTO_CLOSE int listener = -1;
    int loaded = syscall_filter_load(posture->filter, posture->filter_flags, err);

    if (loaded <= 0)
        return loaded;
    listener = loaded;
    return channel_ask(posture->channel, CHANNEL_LISTENER, listener, NULL, 0, err);
}

/*
 * A change from root to another user would take the permitted set away: it is kept for the
 * moment until it is set.
 */
int posture_apply(const struct posture *posture, struct error *err)
{
    uint64_t permitted = 0;

    if (capability_read_held(&permitted, err) < 0)
        return -1;
    if (!posture->allow_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_set_errno(err, errno, "set no_new_privs");
    if (posture->filter && posture->allow_new_privileges && load_filter(posture, err) < 0)
        return -1;
    if (posture->capabilities.permitted && posture->account->uid != 0 &&
        prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return error_set_errno(err, errno, "keep the capabilities");
    if (drop_bounding(posture->capabilities.bounding, err) < 0 ||
        set_ids(posture->account, err) < 0 ||
        set_capabilities(&posture->capabilities, permitted, err) < 0)
        return -1;
    if (posture->filter && !posture->allow_new_privileges)
        return load_filter(posture, err);
    return 0;
}

/* What the caller has no right to raise is clamped, unless `exact`. */
static int set_limit(int resource, uint64_t soft, uint64_t hard, bool exact, struct error *err)
{
    struct rlimit now, wanted = { .rlim_cur = soft, .rlim_max = hard };

    if (prlimit(0, (__rlimit_resource_t)resource, NULL, &now) < 0)
        return error_set_errno(err, errno, "read resource limit %d", resource);
    if (prlimit(0, (__rlimit_resource_t)resource, &wanted, NULL) == 0)
        return 0;
    if (errno != EPERM || exact)
        return error_set_errno(err, errno, "set resource limit %d", resource);
    wanted.rlim_max = MIN(wanted.rlim_max, now.rlim_max);
    wanted.rlim_cur = MIN(wanted.rlim_cur, wanted.rlim_max);
    if (prlimit(0, (__rlimit_resource_t)resource, &wanted, NULL) < 0)
        return error_set_errno(err, errno, "set resource limit %d", resource);
    return 0;
}

int posture_limit(const struct container_program *program, struct error *err)
{
    struct rlimit files;

    if (!program->bare && getrlimit(RLIMIT_NOFILE, &files) == 0) {
        uint64_t hard = MIN(files.rlim_max, NOFILE_HARD);

        if (set_limit(RLIMIT_NOFILE, MIN(NOFILE_SOFT, hard), hard, false, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < program->ulimit_count; i++) {
        const struct container_ulimit *ulimit = &program->ulimits[i];

        if (set_limit(ulimit->resource, ulimit->soft, ulimit->hard, program->bare, err) < 0)
            return -1;
    }
    return 0;
}

int posture_set_oom_score(const struct container_program *program, pid_t pid, struct error *err)
{
    char path[64], text[16];

    if (!program->oom_score_adj)
        return 0;
    snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
    snprintf(text, sizeof(text), "%d", *program->oom_score_adj);
    if (file_write_control(AT_FDCWD, pid ? path : "/proc/self/oom_score_adj", text, err) == 0)
        return 0;
    if (program->bare)
        return error_wrap(err, "set the OOM score to %s", text);
    error_clear(err); /* to lower it needs CAP_SYS_RESOURCE */
    return 0;
}

/* As the kernel's struct sched_attr, whose header and the C library's exclude each other. */
struct scheduling {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

static int set_scheduler(const struct container_scheduler *wanted, struct error *err)
{
    struct scheduling attributes = { .size = sizeof(attributes) };

    if (!wanted)
        return 0;
    attributes.policy = wanted->policy;
    attributes.flags = wanted->flags;
    attributes.nice = wanted->nice;
    attributes.priority = wanted->priority;
    attributes.runtime = wanted->runtime_ns;
    attributes.deadline = wanted->deadline_ns;
    attributes.period = wanted->period_ns;
    if (syscall(SYS_sched_setattr, 0, &attributes, 0) < 0)
        return error_set_errno(err, errno, "set scheduling policy %u", wanted->policy);
    return 0;
}

static int set_io_priority(const struct container_io_priority *wanted, struct error *err)
{
    if (!wanted)
        return 0;
    if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
                IOPRIO_PRIO_VALUE(wanted->class, wanted->level)) < 0)
        return error_set_errno(err, errno, "set the I/O priority");
    return 0;
}

/* "0-1,4" as a set of cores; false: it is no such list. */
static bool read_list(const char *list, cpu_set_t *out)
{
    CPU_ZERO(out);
    while (*list) {
        char *end = NULL;
        unsigned long first = strtoul(list, &end, 10), last = first;

        if (end == list || *list == '-')
            return false;
        if (*end == '-') {
            list = end + 1;
            last = strtoul(list, &end, 10);
        }
        if (end == list || last < first || last >= CPU_SETSIZE)
            return false;
        for (unsigned long c = first; c <= last; c++)
            CPU_SET(c, out);
        if (*end && *end != ',')
            return false;
        list = end + (*end == ',');
    }
    return CPU_COUNT(out) > 0;
}

int posture_set_cpus(const char *list, struct error *err)
{
    cpu_set_t cores;

    if (!list || !*list)
        return 0;
    if (!read_list(list, &cores))
        return error_set(err, ERROR_INVALID, "'%.64s' is no list of cores: write 0-1,4", list);
    if (sched_setaffinity(0, sizeof(cores), &cores) < 0)
        return error_set_errno(err, errno, "run on the cores %.64s", list);
    return 0;
}

int posture_separate(const struct container_program *program, struct error *err)
{
    /* A machine may have no keyrings, or no more room for them: no reason not to start. */
    if (!program->keep_keyring)
        syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    if (set_scheduler(program->scheduler, err) < 0)
        return -1;
    return set_io_priority(program->io_priority, err);
}
