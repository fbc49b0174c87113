/* SPDX-License-Identifier: MIT */

/*
 * How a starting process reports to its maker
 */

#include "runtime/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/error.h"

/* A mount may wait for a dead server for ever; a caller must not. */
#define WAIT_SECONDS 30

int channel_open(struct channel *out, struct error *err)
{
    struct timeval limit = { .tv_sec = WAIT_SECONDS };
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return error_set_errno(err, errno, "make a channel");
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    *out = (struct channel){ .parent = pair[0], .child = pair[1] };
    return 0;
}

void channel_close(struct channel *channel)
{
    cleanup_close(&channel->parent);
    cleanup_close(&channel->child);
    *channel = (struct channel)CHANNEL_NONE;
}

void channel_send_error(int fd, const struct error *error)
{
    send(fd, error, sizeof(*error), MSG_NOSIGNAL);
}

int channel_send_terminal(int fd, int terminal, struct error *err)
{
    char byte = 't';
    struct iovec data = { .iov_base = &byte, .iov_len = 1 };
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct msghdr message = {
        .msg_iov = &data,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &terminal, sizeof(int));
    if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
        return error_set_errno(err, errno, "hand the terminal over");
    return 0;
}

/* One message: its length, 0 at the end, -1 with errno. */
static ssize_t receive(int fd, void *bytes, size_t size, int *terminal)
{
    struct iovec data = { .iov_base = bytes, .iov_len = size };
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct msghdr message = {
        .msg_iov = &data,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    const struct cmsghdr *header = NULL;
    ssize_t length = 0;

    do
        length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    while (length < 0 && errno == EINTR);
    header = length > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header && header->cmsg_type == SCM_RIGHTS)
        memcpy(terminal, CMSG_DATA(header), sizeof(int));
    return length;
}

int channel_wait(struct channel *channel, int *terminal_out, struct error *err)
{
    AUTO_CLOSE int terminal = -1;
    struct error report;
    ssize_t length = 0;

    cleanup_close(&channel->child);
    channel->child = -1;
    do
        length = receive(channel->parent, &report, sizeof(report), &terminal);
    while (length == 1);
    if (length == 0) {
        *terminal_out = STEAL_FD(terminal);
        return 0;
    }
    if (length == (ssize_t)sizeof(report)) {
        report.text[sizeof(report.text) - 1] = '\0';
        return error_set(err, report.code, "%s", report.text);
    }
    if (length < 0 && errno != EAGAIN)
        return error_set_errno(err, errno, "wait for the container");
    return error_set(err, ERROR_TIMEOUT, "the container did not start within %d s", WAIT_SECONDS);
}
