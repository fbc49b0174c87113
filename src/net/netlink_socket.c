/* SPDX-License-Identifier: MIT */

/*
 * A netlink socket: many requests in one message, each acknowledged
 *
 * The kernel works through all requests of a buffer and acknowledges each by its number, so
 * an answer is matched to its request by number and not by order of sending.
 */

#include "net/netlink_socket.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

#define RECEIVE_MAX 65536

struct request {
    uint32_t number;
    int tolerated;
    char what[64];
};

struct netlink_socket {
    struct nl_sock *sock;
    uint32_t number; /* of the last request */
    struct text collected;
    struct request *requests;
    size_t request_count;
};

struct netlink_socket *netlink_socket_open(int protocol, struct error *err)
{
    struct netlink_socket *socket = alloc_new(struct netlink_socket);
    int on = 1;
    int fd;
    int result;

    socket->sock = nl_socket_alloc();
    if (!socket->sock)
        abort();
    result = nl_connect(socket->sock, protocol);
    if (result < 0) {
        netlink_socket_free(socket);
        error_set(err, ERROR_SYSTEM, "open a netlink socket: %s", nl_geterror(result));
        return NULL;
    }
    fd = nl_socket_get_fd(socket->sock);
    /* Without these the kernel's answers are longer and its reasons unknown: no failure. */
    (void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
    (void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
    return socket;
}

void netlink_socket_free(struct netlink_socket *socket)
{
    if (!socket)
        return;
    nl_socket_free(socket->sock);
    text_done(&socket->collected);
    free(socket->requests);
    free(socket);
}

struct nl_msg *netlink_socket_begin(int type, int flags, const void *header, size_t length)
{
    struct nl_msg *msg = nlmsg_alloc_simple(type, flags | NLM_F_REQUEST);

    if (!msg)
        abort();
    netlink_socket_append(msg, header, length);
    return msg;
}

void netlink_socket_put(struct nl_msg *msg, int attribute, const void *data, size_t length)
{
    if (nla_put(msg, attribute, (int)length, data) < 0)
        abort();
}

void netlink_socket_append(struct nl_msg *msg, const void *data, size_t length)
{
    void *copy = alloc_zeroed(1, length);
    int result;

    memcpy(copy, data, length);
    result = nlmsg_append(msg, copy, length, NLMSG_ALIGNTO);
    free(copy);
    if (result < 0)
        abort();
}

struct nlattr *netlink_socket_nest(struct nl_msg *msg, int attribute)
{
    struct nlattr *nest = nla_nest_start(msg, attribute);

    if (!nest)
        abort();
    return nest;
}

struct nlmsghdr *netlink_socket_message(const struct nlmsghdr *header)
{
    union {
        const struct nlmsghdr *in;
        struct nlmsghdr *out;
    } cast = { .in = header };

    return cast.out;
}

/* The number a request gets, and its bytes after what was collected before. */
static uint32_t enlist(struct netlink_socket *socket, struct nl_msg *msg, int flags)
{
    struct nlmsghdr *header = nlmsg_hdr(msg);
    static const char zeros[NLMSG_ALIGNTO] = { 0 };

    header->nlmsg_seq = ++socket->number;
    header->nlmsg_pid = nl_socket_get_local_port(socket->sock);
    header->nlmsg_flags = (uint16_t)(header->nlmsg_flags | flags);
    text_add_bytes(&socket->collected, header, header->nlmsg_len);
    text_add_bytes(&socket->collected, zeros, NLMSG_ALIGN(header->nlmsg_len) - header->nlmsg_len);
    nlmsg_free(msg);
    return socket->number;
}

void netlink_socket_collect(struct netlink_socket *socket, struct nl_msg *msg, int tolerated,
                            const char *what, ...)
{
    struct request *request = ALLOC_APPEND(socket->requests, socket->request_count);
    va_list arguments;

    va_start(arguments, what);
    (void)vsnprintf(request->what, sizeof(request->what), what, arguments);
    va_end(arguments);
    request->tolerated = tolerated;
    request->number = enlist(socket, msg, NLM_F_ACK);
}

/* The reason in words that newer kernels put behind an error; "" if there is none. */
static const char *reason_of(const struct nlmsghdr *header)
{
    struct nlattr *text;

    if (!(header->nlmsg_flags & NLM_F_ACK_TLVS) || !(header->nlmsg_flags & NLM_F_CAPPED))
        return "";
    text =
        nlmsg_find_attr(netlink_socket_message(header), sizeof(struct nlmsgerr), NLMSGERR_ATTR_MSG);
    if (!text || nla_len(text) < 1 || nla_get_string(text)[nla_len(text) - 1] != '\0')
        return "";
    return nla_get_string(text);
}

static int set_refused(struct error *err, const struct nlmsghdr *header, const char *what)
{
    const struct nlmsgerr *answer = nlmsg_data(header);
    const char *reason = reason_of(header);

    return error_set_errno(err, answer->error == -ENODEV ? ENOENT : -answer->error, "%s%s%s%s",
                           what, *reason ? " (" : "", reason, *reason ? ")" : "");
}

static int receive(struct netlink_socket *socket, char *buffer, size_t *length, struct error *err)
{
    for (;;) {
        ssize_t got = recv(nl_socket_get_fd(socket->sock), buffer, RECEIVE_MAX, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set_errno(err, errno, "receive the kernel's answer");
        *length = (size_t)got;
        return 0;
    }
}

static int send_collected(struct netlink_socket *socket, struct error *err)
{
    struct text *collected = &socket->collected;
    int result = nl_sendto(socket->sock, collected->data, collected->length);

    text_clear(collected);
    if (result < 0)
        return error_set(err, ERROR_SYSTEM, "send to the kernel: %s", nl_geterror(result));
    return 0;
}

/* Count the answer `header` if it acknowledges a request; the first failure fills *err. */
static bool acknowledge(struct netlink_socket *socket, const struct nlmsghdr *header,
                        struct error *err)
{
    const struct nlmsgerr *answer = nlmsg_data(header);

    if (header->nlmsg_type != NLMSG_ERROR)
        return false;
    for (size_t i = 0; i < socket->request_count; i++) {
        const struct request *request = &socket->requests[i];

        if (request->number != header->nlmsg_seq)
            continue;
        if (answer->error != 0 && -answer->error != request->tolerated && err->code == ERROR_NONE)
            set_refused(err, header, request->what);
        return true;
    }
    return false;
}

int netlink_socket_commit(struct netlink_socket *socket, struct error *err)
{
    AUTO_FREE char *buffer = alloc_zeroed(1, RECEIVE_MAX);
    struct error refused = { 0 };
    size_t waiting = socket->request_count;
    int result = waiting == 0 ? 0 : send_collected(socket, err);

    while (result == 0 && waiting > 0) {
        size_t length = 0;
        int left;

        result = receive(socket, buffer, &length, err);
        left = (int)length;
        for (struct nlmsghdr *header = (void *)buffer; result == 0 && nlmsg_ok(header, left);
             header = nlmsg_next(header, &left))
            waiting -= acknowledge(socket, header, &refused) ? 1 : 0;
    }
    free(STEAL_PTR(socket->requests));
    socket->request_count = 0;
    if (result == 0 && refused.code != ERROR_NONE) {
        *err = refused;
        return -1;
    }
    return result;
}

int netlink_socket_ask(struct netlink_socket *socket, struct nl_msg *msg,
                       void (*take)(const struct nlmsghdr *header, void *context), void *context,
                       struct error *err)
{
    AUTO_FREE char *buffer = alloc_zeroed(1, RECEIVE_MAX);
    bool dump = (nlmsg_hdr(msg)->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
    uint32_t number = enlist(socket, msg, dump ? 0 : NLM_F_ACK);

    if (send_collected(socket, err) < 0)
        return -1;
    for (;;) {
        size_t length = 0;
        int left;

        if (receive(socket, buffer, &length, err) < 0)
            return -1;
        left = (int)length;
        for (struct nlmsghdr *header = (void *)buffer; nlmsg_ok(header, left);
             header = nlmsg_next(header, &left)) {
            if (header->nlmsg_seq != number)
                continue;
            if (header->nlmsg_type == NLMSG_DONE)
                return 0;
            if (header->nlmsg_type == NLMSG_ERROR) {
                const struct nlmsgerr *answer = nlmsg_data(header);

                return answer->error == 0 ? 0 : set_refused(err, header, "ask the kernel");
            }
            take(header, context);
        }
    }
}
