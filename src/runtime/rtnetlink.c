/* SPDX-License-Identifier: MIT */

/*
 * Requests to the kernel about network devices, one at a time
 */

#include "runtime/rtnetlink.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/error.h"

#define ANSWER_MAX 32768 /* what the kernel makes of a dump at most, for a buffer of this size */

static int open_here(struct error *err)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0)
        return error_set_errno(err, errno, "open a netlink socket");
    return fd;
}

int rtnetlink_open(int netns, struct error *err)
{
    AUTO_CLOSE int own = netns < 0 ? -1 : open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    int fd = -1;

    if (netns < 0)
        return open_here(err);
    if (own < 0 || setns(netns, CLONE_NEWNET) < 0)
        return error_set_errno(err, errno, "enter the container's network namespace");
    fd = open_here(err);
    if (setns(own, CLONE_NEWNET) < 0)
        abort(); /* better an end than to go on in a stranger's network */
    return fd;
}

static void append(struct rtnetlink_message *message, const void *data, size_t length)
{
    size_t at = NLMSG_ALIGN(message->header.nlmsg_len);

    assert(at + length <= sizeof(*message));
    memcpy((char *)message + at, data, length);
    message->header.nlmsg_len = (uint32_t)(at + length);
}

void rtnetlink_begin(struct rtnetlink_message *message, int type, int flags, const void *header,
                     size_t length)
{
    *message = (struct rtnetlink_message){
        .header = { .nlmsg_len = NLMSG_HDRLEN,
                    .nlmsg_type = (uint16_t)type,
                    .nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST) },
    };
    append(message, header, length);
}

void rtnetlink_put(struct rtnetlink_message *message, int attribute, const void *data,
                   size_t length)
{
    const struct rtattr head = { (unsigned short)RTA_LENGTH(length), (unsigned short)attribute };

    append(message, &head, sizeof(head));
    append(message, data, length);
}

/* One datagram of an answer; returns whether it was the last, with what the kernel says of it. */
static bool read_answer(const char *buffer, size_t length,
                        void (*take)(const struct nlmsghdr *header, void *context), void *context,
                        int *number_out)
{
    size_t at = 0;

    while (length - at >= sizeof(struct nlmsghdr)) {
        const struct nlmsghdr *header = (const void *)(buffer + at);
        int number = 0;

        if (header->nlmsg_len < sizeof(*header) || header->nlmsg_len > length - at)
            break;
        if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
            if (header->nlmsg_len >= NLMSG_LENGTH(sizeof(number)))
                memcpy(&number, buffer + at + NLMSG_HDRLEN, sizeof(number));
            *number_out = -number;
            return true;
        }
        if (take)
            take(header, context);
        at += MIN(NLMSG_ALIGN(header->nlmsg_len), length - at);
    }
    return false;
}

/* Others in the network may write to our socket, too: what is not the kernel's (port 0) is dropped.
 */
static ssize_t receive(int fd, char *buffer, size_t size)
{
    for (;;) {
        struct sockaddr_nl sender = { 0 };
        socklen_t sender_size = sizeof(sender);
        ssize_t length = recvfrom(fd, buffer, size, 0, (struct sockaddr *)&sender, &sender_size);

        if (length < 0 ? errno != EINTR : sender.nl_pid == 0)
            return length;
    }
}

int rtnetlink_ask(int fd, struct rtnetlink_message *message,
                  void (*take)(const struct nlmsghdr *header, void *context), void *context)
{
    _Alignas(struct nlmsghdr) char buffer[ANSWER_MAX];
    int number = 0;

    if ((message->header.nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP) /* others share a bit of it */
        message->header.nlmsg_flags |= NLM_F_ACK;
    if (send(fd, message, message->header.nlmsg_len, MSG_NOSIGNAL) < 0)
        return -1;
    for (;;) {
        ssize_t length = receive(fd, buffer, sizeof(buffer));

        if (length <= 0)
            return -1;
        if (read_answer(buffer, (size_t)length, take, context, &number))
            break;
    }
    errno = number;
    return number == 0 ? 0 : -1;
}

const void *rtnetlink_find(const struct nlmsghdr *message, size_t length, int attribute,
                           size_t *length_out)
{
    const char *bytes = (const char *)message;
    size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(length);

    while (at + sizeof(struct rtattr) <= message->nlmsg_len) {
        const struct rtattr *head = (const void *)(bytes + at);

        if (head->rta_len < sizeof(*head) || head->rta_len > message->nlmsg_len - at)
            break;
        if (head->rta_type == attribute) {
            *length_out = head->rta_len - sizeof(*head);
            return bytes + at + sizeof(*head);
        }
        at += RTA_ALIGN(head->rta_len);
    }
    return NULL;
}
