/* SPDX-License-Identifier: MIT */

/*
 * The first process of a container, from its birth to its program
 */

#include "runtime/newborn.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/cgroup.h"
#include "runtime/channel.h"
#include "runtime/launch.h"
#include "runtime/namespace.h"
#include "runtime/posture.h"
#include "runtime/process.h"
#include "runtime/rootfs.h"
#include "runtime/rootfs_parts.h"
#include "runtime/spec.h"
#include "util/cleanup.h"
#include "util/error.h"

/* A new network namespace has a loopback, which is down at first. */
static int raise_loopback(const struct container_spec *spec, struct error *err)
{
    AUTO_CLOSE int fd = -1;
    struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

    if (!namespace_is_new(spec, CONTAINER_NAMESPACE_NETWORK))
        return 0;
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        return error_set_errno(err, errno, "raise the loopback interface");
    return 0;
}

static int set_names(const struct container_spec *spec, struct error *err)
{
    if (spec->hostname && sethostname(spec->hostname, strlen(spec->hostname)) < 0)
        return error_set_errno(err, errno, "set the host name '%s'", spec->hostname);
    if (spec->domainname && setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
        return error_set_errno(err, errno, "set the domain name '%s'", spec->domainname);
    return 0;
}

/*
 * Become root of the user namespace. The maker has put us in our cgroups by then and made what
 * we could not. Others may be in that namespace already: they must not look into us.
 */
static int become_root_inside(const struct launch *launch, struct rootfs_parts *parts,
                              struct error *err)
{
    int fds[ROOTFS_PARTS_MAX];
    size_t count = rootfs_parts_count(launch->spec);

    if (channel_ask(launch->channel, CHANNEL_USER, -1, fds, count, err) < 0)
        return -1;
    rootfs_parts_take(launch->spec, fds, parts);
    if (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, 0, 0, 0) < 0 ||
        syscall(SYS_setresuid, 0, 0, 0) < 0)
        return error_set_errno(err, errno, "become root of the user namespace");
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* the change of ids has reset it */
    return 0;
}

static int call_hooks(const struct container_spec *spec, const struct launch *launch,
                      struct error *err)
{
    if (!spec->hook)
        return 0;
    if (channel_ask(launch->channel, CHANNEL_READY, -1, NULL, 0, err) < 0)
        return -1;
    return spec->hook(spec->hook_context, CONTAINER_CREATE_CONTAINER, launch->pid, err);
}

/* /proc is still the maker's, and shows our pid as it sees it. */
static pid_t find_pid(const struct container_spec *spec)
{
    char text[16] = "";

    return spec->hook && readlink("/proc/self", text, sizeof(text) - 1) > 0
               ? (pid_t)strtol(text, NULL, 10)
               : 0;
}

/* Returns only on failure. */
static int become_container(const struct container_spec *spec, const struct cgroup *cgroup,
                            struct rootfs_parts *parts, struct launch *launch, struct error *err)
{
    AUTO_ROOTFS struct rootfs fs = ROOTFS_NONE;
    bool own_user = namespace_is_own(spec, CONTAINER_NAMESPACE_USER);

    process_reset_signals();
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    umask(0);
    launch->pid = find_pid(spec);
    if (own_user ? become_root_inside(launch, parts, err) < 0
                 : cgroup_join(cgroup, false, err) < 0 ||
                       posture_set_oom_score(&spec->program, 0, err) < 0)
        return launch_blame_spec(err);
    if (namespace_enter(spec, err) < 0 || raise_loopback(spec, err) < 0 ||
        launch_fill_stdio(launch->stdio, err) < 0 ||
        rootfs_build(spec, cgroup, parts, &fs, err) < 0 || set_names(spec, err) < 0 ||
        call_hooks(spec, launch, err) < 0 || rootfs_enter(spec, &fs, err) < 0)
        return launch_blame_spec(err);
    umask(022);
    return launch_run(launch, err);
}

void newborn_run(const struct container_spec *spec, const struct cgroup *cgroup,
                 struct rootfs_parts *parts, struct launch *launch)
{
    struct error err = { 0 };

    if (channel_await(launch->channel, &err) < 0 ||
        become_container(spec, cgroup, parts, launch, &err) < 0)
        channel_send_error(launch->channel, &err);
    _exit(125);
}
