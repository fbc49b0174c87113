/* SPDX-License-Identifier: MIT */

/*
 * The user's descriptors, connected to the console of a container
 *
 * Input is read only when all that came before is on its way, and sent only as far as there is
 * room: the console may be waiting for us to take its output first.
 */

#include "cli/console_client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "cli/detach_keys.h"
#include "cli/signal_fd.h"
#include "cli/terminal.h"
#include "supervise/console_frame.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/local_socket.h"
#include "util/text.h"

#define READ_SIZE 16384

enum { FROM_USER, CONSOLE, SIGNALLED, FD_COUNT };

struct session {
    struct console_client *client;
    struct pollfd fds[FD_COUNT];
    struct text in, out; /* of the connection */
    struct text typed;
    bool is_raw;
    bool has_ended, is_detached;
};

int console_client_connect(struct console_client *client, const char *path, struct error *err)
{
    return local_socket_connect(path, &client->fd, err);
}

static void add_frame(struct session *session, enum console_frame_type type, const void *data,
                      size_t length)
{
    const struct console_frame_head head = { .type = type, .length = (uint32_t)length };

    text_add_bytes(&session->out, &head, sizeof(head));
    text_add_bytes(&session->out, data, length);
}

static void send_size(struct session *session)
{
    struct console_frame_size size;
    struct winsize window;

    if (!session->is_raw || ioctl(STDIN_FILENO, TIOCGWINSZ, &window) < 0)
        return;
    size = (struct console_frame_size){ .rows = window.ws_row, .columns = window.ws_col };
    add_frame(session, CONSOLE_FRAME_SIZE, &size, sizeof(size));
}

static void take_input(struct session *session)
{
    struct detach_keys *detach = session->client->detach;
    char bytes[READ_SIZE];
    ssize_t length = read(STDIN_FILENO, bytes, sizeof(bytes));

    if (length < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (length <= 0) {
        add_frame(session, CONSOLE_FRAME_STDIN_END, NULL, 0);
        session->fds[FROM_USER].fd = -1;
        return;
    }
    text_clear(&session->typed);
    if (session->is_raw && detach)
        session->is_detached = detach_keys_filter(detach, bytes, (size_t)length, &session->typed);
    else
        text_add_bytes(&session->typed, bytes, (size_t)length);
    if (session->typed.length > 0)
        add_frame(session, CONSOLE_FRAME_STDIN, session->typed.data, session->typed.length);
}

static void take_signals(struct session *session)
{
    const struct console_client *client = session->client;
    int fd = session->fds[SIGNALLED].fd;

    for (int number = signal_fd_take(fd); number != 0; number = signal_fd_take(fd)) {
        if (number == SIGWINCH)
            send_size(session);
        else if (client->pass_signal)
            client->pass_signal(client->context, number);
    }
}

/* Show the whole frames that came. */
static int show_frames(struct session *session, struct error *err)
{
    struct text *in = &session->in;
    size_t done = 0;

    for (;;) {
        struct console_frame_head head;
        int fd;

        if (in->length - done < sizeof(head))
            break;
        memcpy(&head, in->data + done, sizeof(head));
        if (head.length > CONSOLE_FRAME_MAX)
            return error_set(err, ERROR_SYSTEM, "the console's answer cannot be understood");
        if (in->length - done < sizeof(head) + head.length)
            break;
        fd = head.type == CONSOLE_FRAME_STDERR ? STDERR_FILENO : STDOUT_FILENO;
        if (file_write_all(fd, in->data + done + sizeof(head), head.length, err) < 0)
            return error_wrap(err, "write the output of the container");
        done += sizeof(head) + head.length;
    }
    text_drop_front(in, done);
    return 0;
}

static int take_output(struct session *session, struct error *err)
{
    char bytes[READ_SIZE];
    ssize_t length = recv(session->client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (length < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (length <= 0) {
        session->has_ended = true;
        return 0;
    }
    text_add_bytes(&session->in, bytes, (size_t)length);
    return show_frames(session, err);
}

static void send_out(struct session *session)
{
    ssize_t length = send(session->client->fd, session->out.data, session->out.length,
                          MSG_DONTWAIT | MSG_NOSIGNAL);

    if (length > 0)
        text_drop_front(&session->out, (size_t)length);
    else if (length < 0 && errno != EINTR && errno != EAGAIN)
        text_clear(&session->out); /* its end comes as the end of its output */
}

static int relay(struct session *session, struct error *err)
{
    while (!session->has_ended && !session->is_detached) {
        struct pollfd *fds = session->fds;
        int user = fds[FROM_USER].fd;

        if (session->out.length > 0)
            fds[FROM_USER].fd = -1;
        fds[CONSOLE].events = (short)(POLLIN | (session->out.length > 0 ? POLLOUT : 0));
        if (poll(fds, FD_COUNT, -1) < 0 && errno != EINTR)
            return error_set_errno(err, errno, "wait for the container");
        fds[FROM_USER].fd = user;
        if (fds[SIGNALLED].revents)
            take_signals(session);
        if (session->out.length > 0)
            send_out(session);
        else if (user >= 0 && fds[FROM_USER].revents)
            take_input(session);
        if (fds[CONSOLE].revents & ~POLLOUT && take_output(session, err) < 0)
            return -1;
    }
    return 0;
}

/* In a raw terminal keys are bytes; signals from elsewhere are passed on all the same. */
static int open_signals(const struct console_client *client, int *out, struct error *err)
{
    static const int signals[] = { SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

    return signal_fd_open(signals, client->pass_signal ? ARRAY_SIZE(signals) : 1, out, err);
}

int console_client_run(struct console_client *client, enum console_client_end *out,
                       struct error *err)
{
    bool is_raw = client->has_terminal && client->has_input && isatty(STDIN_FILENO);
    struct session session = { .client = client, .is_raw = is_raw };
    AUTO_CLOSE int connection = client->fd;
    AUTO_CLOSE int signal_fd = -1;
    struct termios before;
    int result;

    if (open_signals(client, &signal_fd, err) < 0 || (is_raw && terminal_set_raw(&before, err) < 0))
        return -1;
    session.fds[FROM_USER] =
        (struct pollfd){ .fd = client->has_input ? STDIN_FILENO : -1, .events = POLLIN };
    session.fds[CONSOLE].fd = connection;
    session.fds[SIGNALLED] = (struct pollfd){ .fd = signal_fd, .events = POLLIN };
    send_size(&session);
    result = relay(&session, err);
    if (is_raw)
        terminal_put_back(&before);
    client->fd = -1;
    *out = session.is_detached ? CONSOLE_CLIENT_DETACHED : CONSOLE_CLIENT_ENDED;
    text_done(&session.in);
    text_done(&session.out);
    text_done(&session.typed);
    return result;
}
