/* SPDX-License-Identifier: MIT */

/*
 * Sockets that listen on a port
 *
 * The kernel is asked for the listening sockets only, however many connections there are. It
 * keeps an unconnected UDP socket in the state of a closed TCP one.
 */

#include "net/netlink_listeners.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#include "net/netlink_socket.h"
#include "util/error.h"

struct search {
    uint32_t wire_address;
    uint16_t wire_port;
    bool found;
};

static bool takes_ipv4(const struct inet_diag_msg *socket, const struct nlattr *only_v6,
                       uint32_t *wire_address_out)
{
    const uint32_t *source = socket->id.idiag_src;

    *wire_address_out = source[0];
    if (socket->idiag_family == AF_INET)
        return true;
    *wire_address_out = source[3];
    if (source[0] == 0 && source[1] == 0 && source[2] == htonl(0xffff))
        return true;
    return source[0] == 0 && source[1] == 0 && source[2] == 0 && source[3] == 0 &&
           !(only_v6 && nla_get_u8(only_v6));
}

static void take_socket(const struct nlmsghdr *header, void *context)
{
    struct search *search = context;
    struct nlmsghdr *message = netlink_socket_message(header);
    const struct inet_diag_msg *socket = nlmsg_data(message);
    uint32_t wire_address = 0;

    if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY || socket->id.idiag_sport != search->wire_port ||
        !takes_ipv4(socket, nlmsg_find_attr(message, sizeof(*socket), INET_DIAG_SKV6ONLY),
                    &wire_address))
        return;
    if (wire_address == 0 || search->wire_address == 0 || wire_address == search->wire_address)
        search->found = true;
}

int netlink_listeners_find(int protocol, uint32_t address, uint16_t port, bool *found_out,
                           struct error *err)
{
    static const uint8_t families[] = { AF_INET, AF_INET6 };
    struct netlink_socket *socket = netlink_socket_open(NETLINK_SOCK_DIAG, err);
    struct search search = { .wire_address = htonl(address), .wire_port = htons(port) };
    int result = 0;

    if (!socket)
        return -1;
    for (size_t i = 0; result == 0 && i < ARRAY_SIZE(families); i++) {
        struct inet_diag_req_v2 request = {
            .sdiag_family = families[i],
            .sdiag_protocol = (uint8_t)protocol,
            .idiag_states = 1U << (protocol == IPPROTO_TCP ? TCP_LISTEN : TCP_CLOSE),
        };

        result = netlink_socket_ask(
            socket,
            netlink_socket_begin(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request, sizeof(request)),
            take_socket, &search, err);
        if (result < 0 && err->code == ERROR_NOT_FOUND) {
            error_clear(err); /* a kernel without this family or protocol */
            result = 0;
        }
    }
    netlink_socket_free(socket);
    *found_out = search.found;
    return result;
}
