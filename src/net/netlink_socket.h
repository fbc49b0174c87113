/* SPDX-License-Identifier: MIT */

/*
 * A netlink socket: many requests in one message, each acknowledged
 *
 * The inner part of the netlink modules, for them alone: they build messages with libnl.
 */

#pragma once

#include <stddef.h>

#include "util/macro.h"

struct error;
struct netlink_socket;
struct nl_msg;
struct nlattr;
struct nlmsghdr;

/* `protocol` is NETLINK_ROUTE, NETLINK_NETFILTER or NETLINK_SOCK_DIAG. */
struct netlink_socket *netlink_socket_open(int protocol, struct error *err) MUST_CHECK;
void netlink_socket_free(struct netlink_socket *socket);

/* A new request that begins with the protocol's own header of `length` bytes. */
struct nl_msg *netlink_socket_begin(int type, int flags, const void *header,
                                    size_t length) MUST_CHECK;

/* Add to a request; these abort when memory is exhausted or the request is too long. */
void netlink_socket_put(struct nl_msg *msg, int attribute, const void *data, size_t length);
void netlink_socket_append(struct nl_msg *msg, const void *data, size_t length);
struct nlattr *netlink_socket_nest(struct nl_msg *msg, int attribute) MUST_CHECK;

/*
 * Keep a request for netlink_socket_commit(). `msg` is consumed. The answer `tolerated` (an
 * errno, or 0) counts as success. The text says what the request does, for the error.
 */
void netlink_socket_collect(struct netlink_socket *socket, struct nl_msg *msg, int tolerated,
                            const char *what, ...) PRINTF_LIKE(4, 5);
int netlink_socket_commit(struct netlink_socket *socket, struct error *err) MUST_CHECK;

/* Ask at once; `take` gets each message of the answer. `msg` is consumed. */
int netlink_socket_ask(struct netlink_socket *socket, struct nl_msg *msg,
                       void (*take)(const struct nlmsghdr *header, void *context), void *context,
                       struct error *err) MUST_CHECK;

/* libnl reads messages through pointers that are not const. */
struct nlmsghdr *netlink_socket_message(const struct nlmsghdr *header) MUST_CHECK;
