/* SPDX-License-Identifier: MIT */

/*
 * Network devices of the caller that become a container's
 *
 * The kernel takes the addresses of a device that changes its network, and renames it only after
 * the move: what can be known before is looked up before, and what fails after is taken back.
 */

#include "runtime/net_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/rtnetlink.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

#define NUMBER_MAX 4096 /* of names that are tried for "eth%d" */

/* One network: its namespace, and a socket in it. */
struct side {
    int netns, fd;
};

struct address {
    struct ifaddrmsg head;
    size_t length; /* of each of those below */
    bool has_local, has_address, has_broadcast;
    unsigned char local[16], address[16], broadcast[16];
};

/* A device on its way. */
struct passage {
    char name[IFNAMSIZ], inside[IFNAMSIZ];
    int index; /* where it is now; 0: not known */
    bool was_up, moved;
    struct address *addresses;
    size_t address_count;
};

struct found {
    int index;
    unsigned flags;
};

static void take_link(const struct nlmsghdr *header, void *context)
{
    struct found *found = context;
    const struct ifinfomsg *info = (const void *)((const char *)header + NLMSG_HDRLEN);

    if (header->nlmsg_type == RTM_NEWLINK)
        *found = (struct found){ info->ifi_index, info->ifi_flags };
}

/* `out` has index 0 when there is none of this name. */
static int find_link(int fd, const char *name, struct found *out, struct error *err)
{
    const struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
    struct rtnetlink_message message;

    *out = (struct found){ 0, 0 };
    rtnetlink_begin(&message, RTM_GETLINK, 0, &info, sizeof(info));
    rtnetlink_put(&message, IFLA_IFNAME, name, strlen(name) + 1);
    if (rtnetlink_ask(fd, &message, take_link, out) == 0 || errno == ENODEV)
        return 0;
    return error_set_errno(err, errno, "look for network device '%s'", name);
}

static bool copy_part(const struct nlmsghdr *header, int attribute, size_t length,
                      unsigned char out[16])
{
    size_t found = 0;
    const void *data = rtnetlink_find(header, sizeof(struct ifaddrmsg), attribute, &found);

    if (!data || found != length)
        return false;
    memcpy(out, data, length);
    return true;
}

/* Those that are meant to stay and to be reached from elsewhere. */
static void take_address(const struct nlmsghdr *header, void *context)
{
    struct passage *passage = context;
    const struct ifaddrmsg *head = (const void *)((const char *)header + NLMSG_HDRLEN);
    struct address address = { .head = *head, .length = head->ifa_family == AF_INET ? 4 : 16 };
    size_t length = 0;
    const void *more = rtnetlink_find(header, sizeof(*head), IFA_FLAGS, &length);
    uint32_t flags = head->ifa_flags;

    if (more && length == sizeof(flags))
        memcpy(&flags, more, sizeof(flags));
    if (header->nlmsg_type != RTM_NEWADDR || (int)head->ifa_index != passage->index ||
        head->ifa_scope != RT_SCOPE_UNIVERSE || !(flags & IFA_F_PERMANENT) ||
        (head->ifa_family != AF_INET && head->ifa_family != AF_INET6))
        return;
    address.has_local = copy_part(header, IFA_LOCAL, address.length, address.local);
    address.has_address = copy_part(header, IFA_ADDRESS, address.length, address.address);
    address.has_broadcast = copy_part(header, IFA_BROADCAST, address.length, address.broadcast);
    *ALLOC_APPEND(passage->addresses, passage->address_count) = address;
}

static int read_addresses(int fd, struct passage *passage, struct error *err)
{
    const struct ifaddrmsg head = { .ifa_family = AF_UNSPEC };
    struct rtnetlink_message message;

    rtnetlink_begin(&message, RTM_GETADDR, NLM_F_DUMP, &head, sizeof(head));
    if (rtnetlink_ask(fd, &message, take_address, passage) < 0)
        return error_set_errno(err, errno, "read the addresses of network device '%s'",
                               passage->name);
    return 0;
}

static int add_addresses(int fd, const struct passage *passage, struct error *err)
{
    for (size_t i = 0; i < passage->address_count; i++) {
        const struct address *address = &passage->addresses[i];
        const struct ifaddrmsg head = {
            .ifa_family = address->head.ifa_family,
            .ifa_prefixlen = address->head.ifa_prefixlen,
            .ifa_scope = RT_SCOPE_UNIVERSE,
            .ifa_index = (uint32_t)passage->index,
        };
        struct rtnetlink_message message;

        rtnetlink_begin(&message, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head));
        if (address->has_local)
            rtnetlink_put(&message, IFA_LOCAL, address->local, address->length);
        if (address->has_address)
            rtnetlink_put(&message, IFA_ADDRESS, address->address, address->length);
        if (address->has_broadcast)
            rtnetlink_put(&message, IFA_BROADCAST, address->broadcast, address->length);
        if (rtnetlink_ask(fd, &message, NULL, NULL) < 0)
            return error_set_errno(err, errno, "give network device '%s' its address again",
                                   passage->name);
    }
    return 0;
}

static int set_up(int fd, const struct passage *passage, struct error *err)
{
    const struct ifinfomsg info = { .ifi_index = passage->index,
                                    .ifi_flags = IFF_UP,
                                    .ifi_change = IFF_UP };
    struct rtnetlink_message message;

    rtnetlink_begin(&message, RTM_NEWLINK, 0, &info, sizeof(info));
    if (rtnetlink_ask(fd, &message, NULL, NULL) < 0)
        return error_set_errno(err, errno, "set network device '%s' up", passage->name);
    return 0;
}

static int send_link(const struct side *from, const struct side *to, struct passage *passage,
                     const char *name, struct error *err)
{
    const struct ifinfomsg info = { .ifi_index = passage->index };
    struct rtnetlink_message message;
    struct found found = { 0, 0 };

    rtnetlink_begin(&message, RTM_NEWLINK, 0, &info, sizeof(info));
    rtnetlink_put(&message, IFLA_NET_NS_FD, &to->netns, sizeof(to->netns));
    rtnetlink_put(&message, IFLA_IFNAME, name, strlen(name) + 1);
    if (rtnetlink_ask(from->fd, &message, NULL, NULL) < 0)
        return error_set_errno(err, errno, "move network device '%s'", passage->name);
    if (find_link(to->fd, name, &found, err) < 0)
        return -1;
    if (found.index == 0)
        return error_set(err, ERROR_SYSTEM, "network device '%s' did not arrive", passage->name);
    passage->index = found.index;
    return 0;
}

static void take_back(const struct side *from, const struct side *to, struct passage *passage)
{
    struct error ignored = { 0 };

    if (passage->moved && (send_link(from, to, passage, passage->name, &ignored) < 0 ||
                           add_addresses(to->fd, passage, &ignored) < 0 ||
                           (passage->was_up && set_up(to->fd, passage, &ignored) < 0)))
        error_clear(&ignored);
}

/* Decide the name inside; the first number that is free stands for "%d". */
static int choose_name(const struct side *to, const char *wanted, struct passage *passage,
                       struct error *err)
{
    const char *mark = strstr(wanted, "%d");
    struct found found = { 0, 0 };

    for (int number = 0; number < (mark ? NUMBER_MAX : 1); number++) {
        AUTO_FREE char *name =
            mark ? alloc_format("%.*s%d%s", (int)(mark - wanted), wanted, number, mark + 2)
                 : alloc_text(wanted);

        if (!*name || strlen(name) >= IFNAMSIZ || strpbrk(name, "/: \t\n%"))
            return error_set(err, ERROR_INVALID, "'%.32s' is no name of a network device", wanted);
        snprintf(passage->inside, sizeof(passage->inside), "%s", name);
        if (find_link(to->fd, name, &found, err) < 0)
            return -1;
        if (found.index == 0)
            return 0;
    }
    return error_set(err, ERROR_INVALID, "network device '%s': '%.32s' exists in the container",
                     passage->name, wanted);
}

static int move_one(const struct side *from, const struct side *to, const struct net_device *device,
                    struct passage *passage, struct error *err)
{
    const char *inside = device->inside && *device->inside ? device->inside : device->name;
    struct found found = { 0, 0 };

    if (strlen(device->name) >= IFNAMSIZ || !*device->name)
        return error_set(err, ERROR_INVALID, "'%.32s' is no name of a network device",
                         device->name);
    snprintf(passage->name, sizeof(passage->name), "%s", device->name);
    if (find_link(from->fd, passage->name, &found, err) < 0)
        return -1;
    if (found.index == 0)
        return error_set(err, ERROR_INVALID, "network device '%s' does not exist", passage->name);
    passage->index = found.index;
    passage->was_up = (found.flags & IFF_UP) != 0;
    if (choose_name(to, inside, passage, err) < 0 || read_addresses(from->fd, passage, err) < 0 ||
        send_link(from, to, passage, passage->inside, err) < 0)
        return -1;
    passage->moved = true;
    return add_addresses(to->fd, passage, err) < 0 ? -1 : set_up(to->fd, passage, err);
}

static int move_all(const struct net_device *devices, size_t count, const struct side *from,
                    const struct side *to, struct error *err)
{
    struct passage *passages = alloc_array(struct passage, count);
    int status = 0;
    size_t tried = 0;

    while (tried < count && status == 0) {
        status = move_one(from, to, &devices[tried], &passages[tried], err);
        tried++;
    }
    for (size_t i = status < 0 ? tried : 0; i > 0; i--)
        take_back(to, from, &passages[i - 1]);
    for (size_t i = 0; i < tried; i++)
        free(passages[i].addresses);
    free(passages);
    return status;
}

int net_device_move(const struct net_device *devices, size_t count, int netns, struct error *err)
{
    AUTO_CLOSE int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    AUTO_CLOSE int here = rtnetlink_open(-1, err);
    AUTO_CLOSE int there = here < 0 ? -1 : rtnetlink_open(netns, err);
    const struct side from = { home, here }, to = { netns, there };

    if (here < 0 || there < 0)
        return -1;
    if (home < 0)
        return error_set_errno(err, errno, "open '/proc/self/ns/net'");
    return move_all(devices, count, &from, &to, err);
}
