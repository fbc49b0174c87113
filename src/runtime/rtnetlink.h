/* SPDX-License-Identifier: MIT */

/*
 * Requests to the kernel about network devices, one at a time
 *
 * Small on purpose: a runtime is executed for each start, and a library of netlink would be
 * loaded each time for what few containers ask for.
 */

#pragma once

#include <linux/netlink.h>
#include <stddef.h>

#include "util/macro.h"

struct error;

#define RTNETLINK_BODY_MAX 512

struct rtnetlink_message {
    struct nlmsghdr header;
    char body[RTNETLINK_BODY_MAX];
};

/* A socket in the present network namespace, or (`netns` >= 0) in that one. */
int rtnetlink_open(int netns, struct error *err) MUST_CHECK;

/* Begin a request with the protocol's own header of `length` bytes, and add attributes to it. */
void rtnetlink_begin(struct rtnetlink_message *message, int type, int flags, const void *header,
                     size_t length);
void rtnetlink_put(struct rtnetlink_message *message, int attribute, const void *data,
                   size_t length);

/*
 * Send it and wait for the kernel's answer; `take`, which may be NULL, gets each message of that.
 * Returns 0, or -1 with errno set.
 */
int rtnetlink_ask(int fd, struct rtnetlink_message *message,
                  void (*take)(const struct nlmsghdr *header, void *context), void *context);

/* The bytes of an attribute behind a header of `length` bytes, or NULL. */
const void *rtnetlink_find(const struct nlmsghdr *message, size_t length, int attribute,
                           size_t *length_out);
