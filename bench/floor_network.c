/* SPDX-License-Identifier: MIT */

/*
 * The floor's network: what net/ gives a replica, in one message to the kernel for each side
 *
 * The indices of both links are chosen here, so that nothing has to be asked for, and only the
 * last request of a message is acknowledged.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdint.h>
#include <sys/socket.h>

#include "floor.h"
#include "net/network.h"
#include "util/error.h"

#define SUBNET 0x0a590000 /* 10.89.0.0/16 */
#define INSIDE 1000       /* index of a container's link */

static struct network network = {
    .bridge = "cfloor", .subnet = SUBNET, .prefix = 16, .gateway = SUBNET + 1
};
static int bridge;
static int host = -1; /* socket */

struct message {
    _Alignas(NLMSG_ALIGNTO) char bytes[2048];
    size_t length;
    struct nlmsghdr *last;
};

static void append(struct message *message, const void *data, size_t length)
{
    memcpy(message->bytes + message->length, data, length);
    message->length += NLMSG_ALIGN(length);
    message->last->nlmsg_len = (uint32_t)(message->bytes + message->length - (char *)message->last);
}

static void begin(struct message *message, int type, const void *header, size_t length)
{
    message->last = (void *)(message->bytes + message->length);
    *message->last = (struct nlmsghdr){ .nlmsg_type = (uint16_t)type,
                                        .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE };
    message->length += NLMSG_HDRLEN;
    append(message, header, length);
}

static struct rtattr *add(struct message *message, int type, const void *data, size_t length)
{
    struct rtattr *attribute = (void *)(message->bytes + message->length);
    const struct rtattr header = { .rta_len = (uint16_t)RTA_LENGTH(length),
                                   .rta_type = (uint16_t)type };

    append(message, &header, sizeof(header));
    if (length > 0)
        append(message, data, length);
    return attribute;
}

static void end(const struct message *message, struct rtattr *nest)
{
    nest->rta_len = (uint16_t)(message->bytes + message->length - (char *)nest);
}

static void send_message(int fd, struct message *message, const char *what)
{
    struct {
        struct nlmsghdr header;
        struct nlmsgerr answer;
        char rest[512];
    } got;

    message->last->nlmsg_flags |= NLM_F_ACK;
    must((int)send(fd, message->bytes, message->length, 0), what);
    must((int)recv(fd, &got, sizeof(got), 0), what);
    errno = -got.answer.error;
    must(got.answer.error, what);
}

static void begin_link(struct message *message, int index, unsigned flags)
{
    struct ifinfomsg info = { .ifi_index = index, .ifi_flags = flags, .ifi_change = flags };

    begin(message, RTM_NEWLINK, &info, sizeof(info));
}

static void mac_of(uint32_t address, uint8_t *mac)
{
    uint32_t wire = htonl(address);

    mac[0] = 0x02;
    mac[1] = 0x42;
    memcpy(mac + 2, &wire, sizeof(wire));
}

static void add_one_queue(struct message *message)
{
    uint32_t one = 1;

    add(message, IFLA_NUM_TX_QUEUES, &one, sizeof(one));
    add(message, IFLA_NUM_RX_QUEUES, &one, sizeof(one));
}

static void add_pair(struct message *message, int number, pid_t pid, const uint8_t *mac)
{
    struct ifinfomsg inside = { .ifi_index = INSIDE };
    struct rtattr *info = NULL, *data = NULL, *peer = NULL;
    char name[16];

    snprintf(name, sizeof(name), "cf%d", number);
    begin_link(message, bridge + number, 0);
    add(message, IFLA_IFNAME, name, strlen(name) + 1);
    add(message, IFLA_MASTER, &bridge, sizeof(bridge));
    add_one_queue(message);
    info = add(message, IFLA_LINKINFO, NULL, 0);
    add(message, IFLA_INFO_KIND, "veth", sizeof("veth"));
    data = add(message, IFLA_INFO_DATA, NULL, 0);
    peer = add(message, VETH_INFO_PEER, NULL, 0);
    append(message, &inside, sizeof(inside));
    add(message, IFLA_IFNAME, "eth0", sizeof("eth0"));
    add(message, IFLA_ADDRESS, mac, 6);
    add(message, IFLA_NET_NS_PID, &pid, sizeof(pid));
    add_one_queue(message);
    end(message, peer);
    end(message, data);
    end(message, info);
}

/* A locked port without flooding and without IPv6. */
static void set_port(struct message *message, int number)
{
    static const uint8_t on = 1, off = 0, none = IN6_ADDR_GEN_MODE_NONE;
    struct rtattr *info = NULL, *data = NULL, *families = NULL, *inet6 = NULL;

    begin_link(message, bridge + number, 0);
    info = add(message, IFLA_LINKINFO, NULL, 0);
    add(message, IFLA_INFO_SLAVE_KIND, "bridge", sizeof("bridge"));
    data = add(message, IFLA_INFO_SLAVE_DATA, NULL, 0);
    add(message, IFLA_BRPORT_MODE, &on, sizeof(on));
    add(message, IFLA_BRPORT_LOCKED, &on, sizeof(on));
    add(message, IFLA_BRPORT_UNICAST_FLOOD, &off, sizeof(off));
    end(message, data);
    end(message, info);
    families = add(message, IFLA_AF_SPEC, NULL, 0);
    inet6 = add(message, AF_INET6, NULL, 0);
    add(message, IFLA_INET6_ADDR_GEN_MODE, &none, sizeof(none));
    end(message, inet6);
    end(message, families);
}

static void add_neighbour(struct message *message, int index, uint32_t address)
{
    struct ndmsg info = { .ndm_family = AF_INET, .ndm_ifindex = index, .ndm_state = NUD_PERMANENT };
    uint32_t wire = htonl(address);
    uint8_t mac[6];

    mac_of(address, mac);
    begin(message, RTM_NEWNEIGH, &info, sizeof(info));
    message->last->nlmsg_flags |= NLM_F_REPLACE;
    add(message, NDA_DST, &wire, sizeof(wire));
    add(message, NDA_LLADDR, mac, sizeof(mac));
}

static void add_station(struct message *message, int number, const uint8_t *mac)
{
    struct ndmsg info = { .ndm_family = AF_BRIDGE,
                          .ndm_ifindex = bridge + number,
                          .ndm_state = NUD_NOARP,
                          .ndm_flags = NTF_MASTER };

    begin(message, RTM_NEWNEIGH, &info, sizeof(info));
    message->last->nlmsg_flags |= NLM_F_REPLACE;
    add(message, NDA_LLADDR, mac, 6);
}

void floor_network_prepare(void)
{
    struct error err = { 0 };

    if (network_apply(&network, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        _exit(1);
    }
    bridge = (int)if_nametoindex(network.bridge);
}

void floor_network_open(void)
{
    host = must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "netlink");
}

void floor_network_join(int number, pid_t pid)
{
    struct message message = { .length = 0 };
    uint8_t mac[6];

    mac_of(SUBNET + 1 + (uint32_t)number, mac);
    add_pair(&message, number, pid, mac);
    set_port(&message, number);
    add_station(&message, number, mac);
    begin_link(&message, bridge + number, IFF_UP);
    add_neighbour(&message, bridge, SUBNET + 1 + (uint32_t)number);
    send_message(host, &message, "join the bridge");
}

void floor_network_set(int proc)
{
    static const char *const settings[][2] = {
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
    };
    int fd = must(openat(proc, "sys/net", O_PATH | O_CLOEXEC), "sys/net");

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        put(fd, settings[i][0], settings[i][1]);
    close(fd);
}

void floor_network_furnish(int number)
{
    int fd = must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "netlink");
    struct ifaddrmsg address = { .ifa_family = AF_INET,
                                 .ifa_prefixlen = network.prefix,
                                 .ifa_index = INSIDE };
    struct rtmsg route = { .rtm_family = AF_INET,
                           .rtm_table = RT_TABLE_MAIN,
                           .rtm_protocol = RTPROT_STATIC,
                           .rtm_type = RTN_UNICAST };
    struct message message = { .length = 0 };
    uint32_t own = htonl(SUBNET + 1 + (uint32_t)number), gateway = htonl(network.gateway);
    int inside = INSIDE;

    begin_link(&message, INSIDE, IFF_UP);
    begin(&message, RTM_NEWADDR, &address, sizeof(address));
    add(&message, IFA_LOCAL, &own, sizeof(own));
    add(&message, IFA_ADDRESS, &own, sizeof(own));
    add_neighbour(&message, INSIDE, network.gateway);
    begin(&message, RTM_NEWROUTE, &route, sizeof(route));
    add(&message, RTA_GATEWAY, &gateway, sizeof(gateway));
    add(&message, RTA_OIF, &inside, sizeof(inside));
    send_message(fd, &message, "furnish");
    close(fd);
}
