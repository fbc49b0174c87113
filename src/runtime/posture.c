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
#include <linux/keyctl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/account.h"
#include "runtime/spec.h"
#include "runtime/syscall_filter.h"
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

static int set_capabilities(uint64_t keep, struct error *err)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { 0 };

    for (size_t i = 0; i < ARRAY_SIZE(data); i++) {
        data[i].permitted = (uint32_t)(keep >> (32 * i));
        data[i].effective = data[i].permitted;
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
        syscall(SYS_capset, &header, data) < 0)
        return error_set_errno(err, errno, "set the capabilities");
    return 0;
}

/* Of those asked for, the ones that the caller has at all. */
static int read_permitted(uint64_t *out, struct error *err)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { 0 };

    if (syscall(SYS_capget, &header, data) < 0)
        return error_set_errno(err, errno, "read the capabilities");
    *out = (uint64_t)data[1].permitted << 32 | data[0].permitted;
    return 0;
}

int posture_apply(const struct posture *posture, struct error *err)
{
    bool is_root = posture->account->uid == 0;
    uint64_t permitted = 0;

    if (read_permitted(&permitted, err) < 0)
        return -1;
    if (!posture->allow_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_set_errno(err, errno, "set no_new_privs");
    if (posture->filter && posture->allow_new_privileges &&
        syscall_filter_load(posture->filter, err) < 0)
        return -1;
    if (drop_bounding(posture->capabilities, err) < 0 || set_ids(posture->account, err) < 0 ||
        set_capabilities(is_root ? posture->capabilities & permitted : 0, err) < 0)
        return -1;
    if (posture->filter && !posture->allow_new_privileges)
        return syscall_filter_load(posture->filter, err);
    return 0;
}

static int set_limit(int resource, uint64_t soft, uint64_t hard, struct error *err)
{
    struct rlimit now, wanted = { .rlim_cur = soft, .rlim_max = hard };

    if (prlimit(0, (__rlimit_resource_t)resource, NULL, &now) < 0)
        return error_set_errno(err, errno, "read resource limit %d", resource);
    if (prlimit(0, (__rlimit_resource_t)resource, &wanted, NULL) == 0)
        return 0;
    if (errno != EPERM)
        return error_set_errno(err, errno, "set resource limit %d", resource);
    wanted.rlim_max = MIN(wanted.rlim_max, now.rlim_max);
    wanted.rlim_cur = MIN(wanted.rlim_cur, wanted.rlim_max);
    if (prlimit(0, (__rlimit_resource_t)resource, &wanted, NULL) < 0)
        return error_set_errno(err, errno, "set resource limit %d", resource);
    return 0;
}

int posture_limit(const struct container_ulimit *ulimits, size_t count, struct error *err)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        uint64_t hard = MIN(files.rlim_max, NOFILE_HARD);

        if (set_limit(RLIMIT_NOFILE, MIN(NOFILE_SOFT, hard), hard, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (set_limit(ulimits[i].resource, ulimits[i].soft, ulimits[i].hard, err) < 0)
            return -1;
    }
    return 0;
}

void posture_separate(const int *oom_score_adj)
{
    struct error ignored = { 0 };
    char text[16];

    /* A machine may have no keyrings, or no more room for them: no reason not to start. */
    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    if (!oom_score_adj)
        return;
    snprintf(text, sizeof(text), "%d", *oom_score_adj);
    if (file_write_control(AT_FDCWD, "/proc/self/oom_score_adj", text, &ignored) < 0)
        error_clear(&ignored); /* to lower it needs CAP_SYS_RESOURCE */
}
