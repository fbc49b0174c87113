/* SPDX-License-Identifier: MIT */

/*
 * How a starting process talks with its maker
 */

#include "runtime/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/error.h"

#define WAIT_SECONDS 30
#define PASSED_MAX 250 /* the kernel hands over no more at once */

/* Room for descriptors beside a message, aligned as the kernel wants it. */
union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * PASSED_MAX)];
};

int channel_open(bool limited, struct channel *out, struct error *err)
{
    struct timeval limit = { .tv_sec = WAIT_SECONDS };
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return error_set_errno(err, errno, "make a channel");
    if (limited)
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

void channel_drop_child(struct channel *channel)
{
    cleanup_close(&channel->child);
    channel->child = -1;
}

void channel_send_error(int fd, const struct error *error)
{
    send(fd, error, sizeof(*error), MSG_NOSIGNAL);
}

static int send_word(int fd, char word, const int *fds, size_t count, struct error *err)
{
    struct iovec data = { .iov_base = &word, .iov_len = 1 };
    union control control = { 0 };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

    if (count > PASSED_MAX)
        return error_set(err, ERROR_INVALID,
                         "%zu descriptors are too many to hand over: at most %d", count,
                         PASSED_MAX);
    if (count > 0) {
        struct cmsghdr *header = &control.align;

        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
    }
    if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
        return error_set_errno(err, errno, "talk with the other end of the channel");
    return 0;
}

/* One message: its length, 0 at the end, -1 with errno. `count` descriptors at most, else -1. */
static ssize_t receive(int fd, void *bytes, size_t size, int *fds, size_t count)
{
    struct iovec data = { .iov_base = bytes, .iov_len = size };
    union control control = { 0 };
    struct msghdr message = {
        .msg_iov = &data,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = CMSG_SPACE(sizeof(int) * count),
    };
    const struct cmsghdr *header = NULL;
    ssize_t length = 0;

    do
        length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    while (length < 0 && errno == EINTR);
    header = length > 0 && count > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header && header->cmsg_type == SCM_RIGHTS)
        memcpy(fds, CMSG_DATA(header), MIN(header->cmsg_len - CMSG_LEN(0), sizeof(int) * count));
    return length;
}

int channel_say(int fd, enum channel_word word, int passed, struct error *err)
{
    return send_word(fd, (char)word, &passed, passed >= 0 ? 1 : 0, err);
}

/* Wait for one answer; `fds` gets `count` descriptors that come with it. */
static int await_answer(int fd, int *fds, size_t count, struct error *err)
{
    char answer = 0;

    if (receive(fd, &answer, 1, fds, count) != 1)
        return error_set(err, ERROR_SYSTEM, "the maker of the container has ended");
    return 0;
}

int channel_await(int fd, struct error *err)
{
    return await_answer(fd, NULL, 0, err);
}

int channel_release(int fd, struct error *err)
{
    return channel_answer(fd, NULL, 0, err);
}

int channel_ask(int fd, enum channel_word word, int passed, int *fds, size_t count,
                struct error *err)
{
    return channel_say(fd, word, passed, err) < 0 ? -1 : await_answer(fd, fds, count, err);
}

int channel_answer(int fd, const int *fds, size_t count, struct error *err)
{
    return send_word(fd, 0, fds, count, err);
}

int channel_hear(int fd, enum channel_word *out, int *passed_out, struct error *err)
{
    int passed = -1;
    struct error report;
    ssize_t length = receive(fd, &report, sizeof(report), &passed, 1);

    if (length == (ssize_t)sizeof(report)) {
        report.text[sizeof(report.text) - 1] = '\0';
        return error_set(err, report.code, "%s", report.text);
    }
    if (length == 0 || length == 1) {
        *out = length == 0 ? CHANNEL_END : (enum channel_word) * (const char *)&report;
        *passed_out = passed;
        return 0;
    }
    if (length < 0 && errno != EAGAIN)
        return error_set_errno(err, errno, "wait for the container");
    return error_set(err, ERROR_TIMEOUT, "the container did not start within %d s", WAIT_SECONDS);
}
