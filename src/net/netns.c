/* SPDX-License-Identifier: MIT */

/*
 * Network namespaces that have a name
 */

#include "net/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "net/netlink.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

#define OWN_NAMESPACE "/proc/thread-self/ns/net"
#define STACKED_MOUNTS_MAX 16

/*
 * A new namespace takes some settings over from the host's: what a container relies on is
 * said here. It routes nothing, or else one on two networks would join them; it speaks no
 * IPv6 on networks that have none; its users may ping and listen on low ports, because no
 * other program shares them.
 */
static const struct {
    const char *name;
    const char *value;
} settings[] = {
    { "ipv6/conf/all/disable_ipv6", "1" },
    { "ipv6/conf/default/disable_ipv6", "1" },
    { "ipv4/ip_forward", "0" },
    { "ipv4/conf/all/accept_redirects", "0" },
    { "ipv4/conf/default/accept_redirects", "0" },
    { "ipv4/conf/all/route_localnet", "0" },
    { "ipv4/conf/default/route_localnet", "0" },
    { "ipv4/conf/all/rp_filter", "0" },
    { "ipv4/conf/default/rp_filter", "0" },
    { "ipv4/conf/all/arp_ignore", "1" },
    { "ipv4/conf/all/arp_announce", "2" },
    { "ipv4/ping_group_range", "0 2147483647" },
    { "ipv4/ip_unprivileged_port_start", "0" },
};

static int own_namespace(int *fd_out, struct error *err)
{
    int fd = open(OWN_NAMESPACE, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return error_set_errno(err, errno, "open " OWN_NAMESPACE);
    *fd_out = fd;
    return 0;
}

int netns_enter(int netns, int *home_out, struct error *err)
{
    AUTO_CLOSE int home = -1;

    if (own_namespace(&home, err) < 0)
        return -1;
    if (setns(netns, CLONE_NEWNET) < 0)
        return error_set_errno(err, errno, "enter the network namespace");
    *home_out = STEAL_FD(home);
    return 0;
}

void netns_leave(int home)
{
    if (setns(home, CLONE_NEWNET) < 0)
        abort();
    close(home);
}

static bool is_namespace(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) == 0 && fs.f_type == NSFS_MAGIC;
}

int netns_open(const char *path, int *fd_out, struct error *err)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return error_set_errno(err, errno, "open network namespace '%s'", path);
    if (!is_namespace(fd))
        return error_set(err, ERROR_NOT_FOUND, "'%s' holds no network namespace", path);
    *fd_out = STEAL_FD(fd);
    return 0;
}

int netns_set(const char *name, const char *value, struct error *err)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
    if (file_write_control(AT_FDCWD, path, value, err) == 0)
        return 0;
    if (err->code != ERROR_NOT_FOUND)
        return -1;
    error_clear(err);
    return 0;
}

/* In the new namespace: set it up, and hold it at `path` only when all is done. */
static int furnish(const char *path, struct error *err)
{
    AUTO(netlink) struct netlink *netlink = netlink_open(err);

    if (!netlink)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
        if (netns_set(settings[i].name, settings[i].value, err) < 0)
            return -1;
    netlink_set_up(netlink, "lo");
    if (netlink_commit(netlink, err) < 0)
        return -1;
    if (mount(OWN_NAMESPACE, path, NULL, MS_BIND, NULL) < 0)
        return error_set_errno(err, errno, "hold the namespace by a mount%s",
                               errno == ENOSPC ? ", more than fs.mount-max" : "");
    return 0;
}

int netns_make(const char *path, struct error *err)
{
    AUTO_CLOSE int file = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int home = -1;
    int result;

    if (file < 0)
        return error_set_errno(err, errno, "make network namespace '%s'", path);
    if (is_namespace(file))
        return 0;
    if (own_namespace(&home, err) < 0)
        return -1;
    if (unshare(CLONE_NEWNET) < 0) {
        error_set_errno(err, errno, "make network namespace '%s'%s", path,
                        errno == ENOSPC ? ", more than user.max_net_namespaces" : "");
        close(home);
        return -1;
    }
    result = furnish(path, err);
    netns_leave(home);
    return result == 0 ? 0 : error_wrap(err, "make network namespace '%s'", path);
}

int netns_remove(const char *path, struct error *err)
{
    /* Two makers at the same moment may have mounted one over the other. */
    for (int i = 0; i < STACKED_MOUNTS_MAX; i++)
        if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0) {
            if (errno == EINVAL || errno == ENOENT)
                break;
            return error_set_errno(err, errno, "let go of network namespace '%s'", path);
        }
    if (unlink(path) < 0 && errno != ENOENT)
        return error_set_errno(err, errno, "remove network namespace '%s'", path);
    return 0;
}
