/* SPDX-License-Identifier: MIT */

/*
 * Flows of connection tracking
 *
 * The kernel cannot delete by one address alone: the table is read, and what matches is
 * deleted one by one, in one message. A flow that ended in between is no failure.
 */

#include "net/netlink_flows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "net/netlink.h"
#include "net/netlink_socket.h"
#include "util/alloc.h"
#include "util/error.h"

#define CONNTRACK(type) (NFNL_SUBSYS_CTNETLINK << 8 | (type))
#define BATCH_MAX 256

struct flow {
    struct nl_msg *deletion;
};

struct flows {
    const struct netlink_subnet *subnets;
    size_t subnet_count;
    struct flow *items;
    size_t count;
};

static const struct nfgenmsg head = { .nfgen_family = AF_INET, .version = NFNETLINK_V0 };

static bool is_inside(uint32_t address, const struct flows *flows)
{
    for (size_t i = 0; i < flows->subnet_count; i++) {
        const struct netlink_subnet *subnet = &flows->subnets[i];
        uint32_t mask = subnet->prefix ? UINT32_MAX << (32 - subnet->prefix) : 0;

        if (((address ^ subnet->subnet) & mask) == 0)
            return true;
    }
    return false;
}

static bool is_end(struct nlattr *tuple, const struct flows *flows)
{
    static const int ends[] = { CTA_IP_V4_SRC, CTA_IP_V4_DST };
    struct nlattr *parts[CTA_TUPLE_MAX + 1];
    struct nlattr *addresses[CTA_IP_MAX + 1];

    if (!tuple || nla_parse_nested(parts, CTA_TUPLE_MAX, tuple, NULL) < 0 || !parts[CTA_TUPLE_IP] ||
        nla_parse_nested(addresses, CTA_IP_MAX, parts[CTA_TUPLE_IP], NULL) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        const struct nlattr *end = addresses[ends[i]];

        if (end && nla_len(end) == 4 && is_inside(ntohl(nla_get_u32(end)), flows))
            return true;
    }
    return false;
}

static void take_flow(const struct nlmsghdr *header, void *context)
{
    struct flows *flows = context;
    struct nlattr *attributes[CTA_MAX + 1];
    struct nlattr *original;
    struct nl_msg *deletion;

    if (header->nlmsg_type != CONNTRACK(IPCTNL_MSG_CT_NEW) ||
        nlmsg_parse(netlink_socket_message(header), sizeof(head), attributes, CTA_MAX, NULL) < 0)
        return;
    original = attributes[CTA_TUPLE_ORIG];
    if (!original || (!is_end(original, flows) && !is_end(attributes[CTA_TUPLE_REPLY], flows)))
        return;
    deletion = netlink_socket_begin(CONNTRACK(IPCTNL_MSG_CT_DELETE), 0, &head, sizeof(head));
    netlink_socket_put(deletion, CTA_TUPLE_ORIG | NLA_F_NESTED, nla_data(original),
                       (size_t)nla_len(original));
    if (attributes[CTA_ID])
        netlink_socket_put(deletion, CTA_ID, nla_data(attributes[CTA_ID]),
                           (size_t)nla_len(attributes[CTA_ID]));
    ALLOC_APPEND(flows->items, flows->count)->deletion = deletion;
}

static int delete_flows(struct netlink_socket *socket, const struct flows *flows, struct error *err)
{
    int result = 0;

    for (size_t i = 0; i < flows->count; i++) {
        netlink_socket_collect(socket, flows->items[i].deletion, ENOENT, "forget a flow");
        if (result == 0 && (i % BATCH_MAX == BATCH_MAX - 1 || i + 1 == flows->count))
            result = netlink_socket_commit(socket, err);
    }
    return result;
}

int netlink_flows_forget(const struct netlink_subnet *subnets, size_t count, struct error *err)
{
    struct netlink_socket *socket = netlink_socket_open(NETLINK_NETFILTER, err);
    struct flows flows = { .subnets = subnets, .subnet_count = count };
    struct nl_msg *question;
    int result;

    if (!socket)
        return -1;
    question = netlink_socket_begin(CONNTRACK(IPCTNL_MSG_CT_GET), NLM_F_DUMP, &head, sizeof(head));
    result = netlink_socket_ask(socket, question, take_flow, &flows, err);
    if (result == 0)
        result = delete_flows(socket, &flows, err);
    else
        for (size_t i = 0; i < flows.count; i++)
            nlmsg_free(flows.items[i].deletion);
    netlink_socket_free(socket);
    free(flows.items);
    if (result < 0 && err->code == ERROR_INVALID) {
        error_clear(err);
        return error_set(err, ERROR_UNSUPPORTED,
                         "the kernel does not show its flows; run 'modprobe nf_conntrack_netlink'");
    }
    return result == 0 ? 0 : error_wrap(err, "forget flows");
}
