/* SPDX-License-Identifier: MIT */

/*
 * Requests to the kernel about links, addresses, neighbours and routes
 *
 * libnl builds the messages and owns the socket. Collected requests stand one after the other
 * in one buffer; the kernel takes a buffer of many as one message and answers each by number.
 */

#include "net/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/netlink_socket.h"
#include "net/netns.h"
#include "util/alloc.h"
#include "util/error.h"

struct netlink {
    struct netlink_socket *socket;
};

struct netlink *netlink_open(struct error *err)
{
    struct netlink_socket *socket = netlink_socket_open(NETLINK_ROUTE, err);
    struct netlink *netlink;

    if (!socket)
        return NULL;
    netlink = alloc_new(struct netlink);
    netlink->socket = socket;
    return netlink;
}

struct netlink *netlink_open_in(int netns, struct error *err)
{
    struct netlink *netlink;
    int home = -1;

    if (netns_enter(netns, &home, err) < 0)
        return NULL;
    netlink = netlink_open(err);
    netns_leave(home);
    return netlink;
}

void netlink_free(struct netlink *netlink)
{
    if (!netlink)
        return;
    netlink_socket_free(netlink->socket);
    free(netlink);
}

int netlink_commit(struct netlink *netlink, struct error *err)
{
    return netlink_socket_commit(netlink->socket, err);
}

/* A request about a link by its name. */
static struct nl_msg *begin_link(int type, int flags, unsigned int on, const char *name)
{
    struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_flags = on, .ifi_change = on };
    struct nl_msg *msg = netlink_socket_begin(type, flags, &info, sizeof(info));

    netlink_socket_put(msg, IFLA_IFNAME, name, strlen(name) + 1);
    return msg;
}

void netlink_add_bridge(struct netlink *netlink, const char *name,
                        const uint8_t mac[NETLINK_MAC_LENGTH])
{
    struct nl_msg *msg = begin_link(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, name);
    struct nlattr *info;

    netlink_socket_put(msg, IFLA_ADDRESS, mac, NETLINK_MAC_LENGTH);
    info = netlink_socket_nest(msg, IFLA_LINKINFO);
    netlink_socket_put(msg, IFLA_INFO_KIND, "bridge", sizeof("bridge"));
    nla_nest_end(msg, info);
    netlink_socket_collect(netlink->socket, msg, EEXIST, "add bridge '%s'", name);
}

/*
 * The kernel would make queues for each processor, and use one: of the time that a pair takes, a
 * fifth on two processors, and memory on many.
 */
static void put_one_queue(struct nl_msg *msg)
{
    uint32_t one = 1;

    netlink_socket_put(msg, IFLA_NUM_TX_QUEUES, &one, sizeof(one));
    netlink_socket_put(msg, IFLA_NUM_RX_QUEUES, &one, sizeof(one));
}

void netlink_add_veth(struct netlink *netlink, const struct netlink_veth *veth)
{
    struct nl_msg *msg = begin_link(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, veth->name);
    /* The kernel configures the peer before it is one: it cannot be up from the start. */
    struct ifinfomsg peer_info = { .ifi_family = AF_UNSPEC };
    struct nlattr *info;
    struct nlattr *data;
    struct nlattr *peer;

    netlink_socket_put(msg, IFLA_MASTER, &veth->master, sizeof(veth->master));
    put_one_queue(msg);
    info = netlink_socket_nest(msg, IFLA_LINKINFO);
    netlink_socket_put(msg, IFLA_INFO_KIND, "veth", sizeof("veth"));
    data = netlink_socket_nest(msg, IFLA_INFO_DATA);
    peer = netlink_socket_nest(msg, VETH_INFO_PEER);
    netlink_socket_append(msg, &peer_info, sizeof(peer_info));
    netlink_socket_put(msg, IFLA_IFNAME, veth->peer_name, strlen(veth->peer_name) + 1);
    netlink_socket_put(msg, IFLA_ADDRESS, veth->peer_mac, NETLINK_MAC_LENGTH);
    netlink_socket_put(msg, IFLA_NET_NS_FD, &veth->netns, sizeof(veth->netns));
    put_one_queue(msg);
    nla_nest_end(msg, peer);
    nla_nest_end(msg, data);
    nla_nest_end(msg, info);
    netlink_socket_collect(netlink->socket, msg, 0, "add link '%s' with '%s'", veth->name,
                           veth->peer_name);
}

void netlink_set_up(struct netlink *netlink, const char *name)
{
    netlink_socket_collect(netlink->socket, begin_link(RTM_NEWLINK, 0, IFF_UP, name), 0,
                           "set link '%s' up", name);
}

void netlink_set_without_ipv6(struct netlink *netlink, const char *name)
{
    struct nl_msg *msg = begin_link(RTM_NEWLINK, 0, 0, name);
    struct nlattr *families = netlink_socket_nest(msg, IFLA_AF_SPEC);
    struct nlattr *inet6 = netlink_socket_nest(msg, AF_INET6);
    uint8_t mode = IN6_ADDR_GEN_MODE_NONE;

    netlink_socket_put(msg, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof(mode));
    nla_nest_end(msg, inet6);
    nla_nest_end(msg, families);
    /* A kernel without IPv6 has nothing to switch off. */
    netlink_socket_collect(netlink->socket, msg, EAFNOSUPPORT, "keep IPv6 from link '%s'", name);
}

void netlink_set_port(struct netlink *netlink, const char *name)
{
    struct nl_msg *msg = begin_link(RTM_NEWLINK, 0, 0, name);
    struct nlattr *info = netlink_socket_nest(msg, IFLA_LINKINFO);
    struct nlattr *data;
    uint8_t on = 1;
    uint8_t off = 0;

    netlink_socket_put(msg, IFLA_INFO_SLAVE_KIND, "bridge", sizeof("bridge"));
    data = netlink_socket_nest(msg, IFLA_INFO_SLAVE_DATA);
    /* Where bridged packets pass the rules too, a replica's way to itself is bridged. */
    netlink_socket_put(msg, IFLA_BRPORT_MODE, &on, sizeof(on));
    netlink_socket_put(msg, IFLA_BRPORT_LOCKED, &on, sizeof(on));
    netlink_socket_put(msg, IFLA_BRPORT_UNICAST_FLOOD, &off, sizeof(off));
    nla_nest_end(msg, data);
    nla_nest_end(msg, info);
    netlink_socket_collect(netlink->socket, msg, 0, "lock the port '%s'", name);
}

void netlink_delete_link(struct netlink *netlink, const char *name)
{
    netlink_socket_collect(netlink->socket, begin_link(RTM_DELLINK, 0, 0, name), ENODEV,
                           "delete link '%s'", name);
}

static struct nl_msg *begin_address(int type, int flags, int index, uint32_t address,
                                    uint8_t prefix)
{
    struct ifaddrmsg info = { .ifa_family = AF_INET,
                              .ifa_prefixlen = prefix,
                              .ifa_scope = RT_SCOPE_UNIVERSE,
                              .ifa_index = (unsigned int)index };
    struct nl_msg *msg = netlink_socket_begin(type, flags, &info, sizeof(info));
    uint32_t wire = htonl(address);

    netlink_socket_put(msg, IFA_LOCAL, &wire, sizeof(wire));
    netlink_socket_put(msg, IFA_ADDRESS, &wire, sizeof(wire));
    return msg;
}

void netlink_add_address(struct netlink *netlink, int index, uint32_t address, uint8_t prefix)
{
    netlink_socket_collect(
        netlink->socket,
        begin_address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, address, prefix), EEXIST,
        "add address %u.%u.%u.%u/%d", address >> 24, (address >> 16) & 255, (address >> 8) & 255,
        address & 255, prefix);
}

void netlink_delete_address(struct netlink *netlink, int index, uint32_t address, uint8_t prefix)
{
    netlink_socket_collect(netlink->socket, begin_address(RTM_DELADDR, 0, index, address, prefix),
                           EADDRNOTAVAIL, "delete address %u.%u.%u.%u/%d", address >> 24,
                           (address >> 16) & 255, (address >> 8) & 255, address & 255, prefix);
}

void netlink_add_neighbour(struct netlink *netlink, int index, uint32_t address,
                           const uint8_t mac[NETLINK_MAC_LENGTH])
{
    struct ndmsg info = { .ndm_family = AF_INET, .ndm_ifindex = index, .ndm_state = NUD_PERMANENT };
    struct nl_msg *msg =
        netlink_socket_begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &info, sizeof(info));
    uint32_t wire = htonl(address);

    netlink_socket_put(msg, NDA_DST, &wire, sizeof(wire));
    netlink_socket_put(msg, NDA_LLADDR, mac, NETLINK_MAC_LENGTH);
    netlink_socket_collect(netlink->socket, msg, 0, "add neighbour entry");
}

void netlink_add_station(struct netlink *netlink, int port, const uint8_t mac[NETLINK_MAC_LENGTH])
{
    struct ndmsg info = { .ndm_family = AF_BRIDGE,
                          .ndm_ifindex = port,
                          .ndm_state = NUD_NOARP,
                          .ndm_flags = NTF_MASTER };
    struct nl_msg *msg =
        netlink_socket_begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &info, sizeof(info));

    netlink_socket_put(msg, NDA_LLADDR, mac, NETLINK_MAC_LENGTH);
    netlink_socket_collect(netlink->socket, msg, 0, "add a station of the bridge");
}

void netlink_add_default_route(struct netlink *netlink, int index, uint32_t gateway)
{
    struct rtmsg info = { .rtm_family = AF_INET,
                          .rtm_table = RT_TABLE_MAIN,
                          .rtm_protocol = RTPROT_STATIC,
                          .rtm_scope = RT_SCOPE_UNIVERSE,
                          .rtm_type = RTN_UNICAST };
    struct nl_msg *msg =
        netlink_socket_begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &info, sizeof(info));
    uint32_t wire = htonl(gateway);

    netlink_socket_put(msg, RTA_GATEWAY, &wire, sizeof(wire));
    netlink_socket_put(msg, RTA_OIF, &index, sizeof(index));
    netlink_socket_collect(netlink->socket, msg, 0, "add the default route");
}

static bool read_link(const struct nlmsghdr *header, struct netlink_link *link)
{
    struct nlattr *attributes[IFLA_MAX + 1];
    struct nlmsghdr *message = netlink_socket_message(header);
    const struct ifinfomsg *info = nlmsg_data(message);

    if (header->nlmsg_type != RTM_NEWLINK ||
        nlmsg_parse(message, sizeof(*info), attributes, IFLA_MAX, NULL) < 0 ||
        !attributes[IFLA_IFNAME])
        return false;
    *link = (struct netlink_link){ .index = info->ifi_index };
    nla_strlcpy(link->name, attributes[IFLA_IFNAME], sizeof(link->name));
    if (attributes[IFLA_LINK])
        link->peer = (int)nla_get_u32(attributes[IFLA_LINK]);
    if (attributes[IFLA_MASTER])
        link->master = (int)nla_get_u32(attributes[IFLA_MASTER]);
    return true;
}

static void take_link(const struct nlmsghdr *header, void *out)
{
    (void)read_link(header, out);
}

int netlink_find_link(struct netlink *netlink, const char *name, struct netlink_link *out,
                      struct error *err)
{
    struct netlink_link link = { 0 };

    if (netlink_socket_ask(netlink->socket, begin_link(RTM_GETLINK, 0, 0, name), take_link, &link,
                           err) < 0) {
        if (err->code == ERROR_NOT_FOUND) {
            error_clear(err);
            return error_set(err, ERROR_NOT_FOUND, "there is no link '%s'", name);
        }
        return error_wrap(err, "look for link '%s'", name);
    }
    if (link.index == 0)
        return error_set(err, ERROR_SYSTEM, "the kernel's answer about link '%s' is not readable",
                         name);
    *out = link;
    return 0;
}

struct links {
    struct netlink_link *items;
    size_t count;
};

static void collect_link(const struct nlmsghdr *header, void *context)
{
    struct links *links = context;
    struct netlink_link link;

    if (read_link(header, &link))
        *ALLOC_APPEND(links->items, links->count) = link;
}

int netlink_list_links(struct netlink *netlink, struct netlink_link **out, size_t *count_out,
                       struct error *err)
{
    struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
    struct nl_msg *msg = netlink_socket_begin(RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info));
    struct links links = { 0 };

    if (netlink_socket_ask(netlink->socket, msg, collect_link, &links, err) < 0) {
        free(links.items);
        return error_wrap(err, "list the links");
    }
    *out = links.items;
    *count_out = links.count;
    return 0;
}

struct subnets {
    struct netlink_subnet *items;
    size_t count;
};

static void add_subnet(struct subnets *subnets, uint32_t wire, uint8_t prefix)
{
    uint32_t mask = prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);

    if (prefix <= 32)
        *ALLOC_APPEND(subnets->items, subnets->count) =
            (struct netlink_subnet){ .subnet = ntohl(wire) & mask, .prefix = prefix };
}

static void collect_subnet(const struct nlmsghdr *header, void *context)
{
    struct nlmsghdr *message = netlink_socket_message(header);

    if (header->nlmsg_type == RTM_NEWADDR) {
        const struct ifaddrmsg *info = nlmsg_data(message);
        struct nlattr *address = nlmsg_find_attr(message, sizeof(*info), IFA_ADDRESS);

        if (address && info->ifa_family == AF_INET && nla_len(address) == 4)
            add_subnet(context, nla_get_u32(address), info->ifa_prefixlen);
    } else if (header->nlmsg_type == RTM_NEWROUTE) {
        const struct rtmsg *info = nlmsg_data(message);
        struct nlattr *target = nlmsg_find_attr(message, sizeof(*info), RTA_DST);

        if (info->rtm_family == AF_INET && (!target || nla_len(target) == 4))
            add_subnet(context, target ? nla_get_u32(target) : 0, info->rtm_dst_len);
    }
}

int netlink_list_subnets(struct netlink *netlink, struct netlink_subnet **out, size_t *count_out,
                         struct error *err)
{
    struct ifaddrmsg address = { .ifa_family = AF_INET };
    struct rtmsg route = { .rtm_family = AF_INET };
    struct subnets subnets = { 0 };

    if (netlink_socket_ask(netlink->socket,
                           netlink_socket_begin(RTM_GETADDR, NLM_F_DUMP, &address, sizeof(address)),
                           collect_subnet, &subnets, err) < 0 ||
        netlink_socket_ask(netlink->socket,
                           netlink_socket_begin(RTM_GETROUTE, NLM_F_DUMP, &route, sizeof(route)),
                           collect_subnet, &subnets, err) < 0) {
        free(subnets.items);
        return error_wrap(err, "list addresses and routes");
    }
    *out = subnets.items;
    *count_out = subnets.count;
    return 0;
}
