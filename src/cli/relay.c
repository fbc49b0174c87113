/* SPDX-License-Identifier: MIT */

/*
 * Pipes between the user's standard descriptors and those of a process in a container
 *
 * No step blocks but poll(): a process may write before it reads all of its input, and a signal
 * must be passed on while the user's reader sleeps. Our own ends are non-blocking; the user's
 * descriptors are shared with others and stay as they are, so at most PIPE_BUF bytes are
 * written to them once poll() says that there is room.
 */

#include "cli/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "cli/signal_fd.h"
#include "util/cleanup.h"
#include "util/error.h"

enum { ENDED = RELAY_COUNT, SIGNALLED, FD_COUNT };

struct stream {
    int from, to;
    int *own;          /* the one of the two that is ours to close; -1: the stream has ended */
    size_t begin, end; /* of what is in the buffer */
    bool is_last;      /* only `left` bytes are still read */
    size_t left;
    int failure; /* the errno of a write() */
    char buffer[16384];
};

static void close_end(int *fd)
{
    cleanup_close(fd);
    *fd = -1;
}

void relay_close(struct relay_pipes *pipes)
{
    for (size_t i = 0; i < RELAY_COUNT; i++) {
        close_end(&pipes->given[i]);
        close_end(&pipes->own[i]);
    }
}

int relay_open(struct relay_pipes *out, struct error *err)
{
    for (size_t i = 0; i < RELAY_COUNT; i++) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
            return error_set_errno(err, errno, "make a pipe");
        out->given[i] = ends[i == RELAY_STDIN ? 0 : 1];
        out->own[i] = ends[i == RELAY_STDIN ? 1 : 0];
        if (fcntl(out->own[i], F_SETFL, O_NONBLOCK) < 0)
            return error_set_errno(err, errno, "make a pipe non-blocking");
    }
    return 0;
}

static bool is_open(const struct stream *stream)
{
    return *stream->own >= 0;
}

static bool is_full(const struct stream *stream)
{
    return stream->begin < stream->end;
}

static void fill(struct stream *stream)
{
    size_t size = sizeof(stream->buffer);
    ssize_t length;

    if (stream->is_last)
        size = MIN(size, stream->left);
    do
        length = read(stream->from, stream->buffer, size);
    while (length < 0 && errno == EINTR);
    /* The last bytes are there, unless somebody else in the container took them. */
    if (length < 0 && errno == EAGAIN && !stream->is_last)
        return;
    if (length <= 0) {
        close_end(stream->own);
        return;
    }
    stream->begin = 0;
    stream->end = (size_t)length;
    stream->left -= stream->is_last ? (size_t)length : 0;
}

static void flush(struct stream *stream)
{
    size_t size = MIN(stream->end - stream->begin, PIPE_BUF);
    ssize_t length = write(stream->to, stream->buffer + stream->begin, size);

    if (length >= 0) {
        stream->begin += (size_t)length;
    } else if (errno != EINTR && errno != EAGAIN) {
        stream->failure = errno;
        close_end(stream->own);
    }
}

static void move(struct stream *stream)
{
    if (is_full(stream))
        flush(stream);
    else
        fill(stream);
    if (stream->is_last && is_open(stream) && !is_full(stream))
        fill(stream);
}

/* The process has ended: what its pipe holds now is the last that is read of it. */
static void finish(struct stream *stream)
{
    int left = 0;

    if (!is_open(stream))
        return;
    stream->is_last = true;
    stream->left = ioctl(stream->from, FIONREAD, &left) == 0 ? (size_t)left : 0;
    if (!is_full(stream))
        fill(stream);
}

static void watch(const struct stream *stream, struct pollfd *fd)
{
    *fd = (struct pollfd){ .fd = -1 };
    if (is_open(stream) && is_full(stream))
        *fd = (struct pollfd){ .fd = stream->to, .events = POLLOUT };
    else if (is_open(stream))
        *fd = (struct pollfd){ .fd = stream->from, .events = POLLIN };
}

static void pass_signals(int signal_fd, int pidfd)
{
    for (int number = signal_fd_take(signal_fd); number != 0; number = signal_fd_take(signal_fd))
        pidfd_send_signal(pidfd, number, NULL, 0);
}

static int relay(struct stream streams[RELAY_COUNT], int pidfd, int signal_fd, struct error *err)
{
    struct pollfd fds[FD_COUNT] = {
        [ENDED] = { pidfd, POLLIN, 0 },
        [SIGNALLED] = { signal_fd, POLLIN, 0 },
    };

    while (fds[ENDED].fd >= 0 || is_open(&streams[RELAY_STDOUT]) ||
           is_open(&streams[RELAY_STDERR])) {
        for (size_t i = 0; i < RELAY_COUNT; i++)
            watch(&streams[i], &fds[i]);
        if (poll(fds, FD_COUNT, -1) < 0) {
            if (errno == EINTR)
                continue;
            return error_set_errno(err, errno, "wait for the command");
        }
        for (size_t i = 0; i < RELAY_COUNT; i++) {
            if (fds[i].revents)
                move(&streams[i]);
        }
        if (fds[SIGNALLED].revents) {
            pass_signals(signal_fd, pidfd);
            /* Nobody is left to obey it but us: the rest of the output is given up. */
            if (fds[ENDED].fd < 0)
                return 0;
        }
        if (fds[ENDED].fd >= 0 && fds[ENDED].revents) {
            fds[ENDED].fd = -1;
            close_end(streams[RELAY_STDIN].own);
            finish(&streams[RELAY_STDOUT]);
            finish(&streams[RELAY_STDERR]);
        }
    }
    return 0;
}

static int open_signals(int *out, struct error *err)
{
    static const int passed[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

    return signal_fd_open(passed, ARRAY_SIZE(passed), out, err);
}

int relay_run(struct relay_pipes *pipes, const int user[RELAY_COUNT], int pidfd, struct error *err)
{
    struct stream streams[RELAY_COUNT];
    AUTO_CLOSE int signal_fd = -1;
    int result = -1;

    if (open_signals(&signal_fd, err) < 0)
        return -1;
    for (size_t i = 0; i < RELAY_COUNT; i++) {
        close_end(&pipes->given[i]);
        streams[i].own = &pipes->own[i];
        streams[i].from = i == RELAY_STDIN ? user[i] : pipes->own[i];
        streams[i].to = i == RELAY_STDIN ? pipes->own[i] : user[i];
        streams[i].begin = streams[i].end = streams[i].left = 0;
        streams[i].is_last = false;
        streams[i].failure = 0;
    }
    result = relay(streams, pidfd, signal_fd, err);
    relay_close(pipes);
    for (size_t i = RELAY_STDOUT; result == 0 && i < RELAY_COUNT; i++) {
        if (streams[i].failure != 0 && streams[i].failure != EPIPE)
            result = error_set_errno(err, streams[i].failure, "write the output of the command");
    }
    return result;
}
