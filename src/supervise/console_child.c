/* SPDX-License-Identifier: MIT */

/*
 * The console of a container, the process
 *
 * Bytes go from the container into a buffer for the log and into one for each client; nothing
 * more is read while one of them is full. settle() is called after every event and says anew
 * what to wait for.
 */

#include "supervise/console_child.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <unistd.h>

#include "supervise/console_frame.h"
#include "supervise/sandbox.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/log.h"
#include "util/macro.h"

#define READ_SIZE 16384
#define LOG_BACKLOG_MAX 65536
#define CLIENT_BACKLOG_MAX 262144
#define INPUT_BACKLOG_MAX 65536
#define CLIENTS_MAX 16
#define PATIENCE_S 10

struct client {
    TAILQ_ENTRY(client) link;
    struct console_child *console;
    struct bufferevent *stream;
};

/* One of the container's outputs, and the log it goes to. */
struct output {
    struct console_child *console;
    enum console_frame_type type;
    int fd, log_fd;
    bool has_ended;
    struct evbuffer *log;
    struct event *readable, *log_writable;
};

struct console_child {
    struct event_base *base;
    bool has_terminal, waits;
    struct output outputs[2];
    size_t output_count;
    int input_fd; /* -1: closed */
    bool input_ends;
    struct evbuffer *input;
    struct event *input_writable, *patience;
    struct evconnlistener *listener;
    TAILQ_HEAD(, client) clients;
    size_t client_count;
};

static void arm(struct event *event, bool wanted)
{
    if (wanted)
        event_add(event, NULL);
    else
        event_del(event);
}

static size_t count_unsent(const struct client *client)
{
    return evbuffer_get_length(bufferevent_get_output(client->stream));
}

static bool has_slow_client(const struct console_child *console)
{
    const struct client *client = NULL;

    TAILQ_FOREACH(client, &console->clients, link)
    {
        if (count_unsent(client) > CLIENT_BACKLOG_MAX)
            return true;
    }
    return false;
}

/* Has all that the container wrote reached whom it was for? */
static bool is_done(const struct console_child *console)
{
    const struct client *client = NULL;

    for (size_t i = 0; i < console->output_count; i++)
        if (!console->outputs[i].has_ended || evbuffer_get_length(console->outputs[i].log) > 0)
            return false;
    TAILQ_FOREACH(client, &console->clients, link)
    {
        if (count_unsent(client) > 0)
            return false;
    }
    return true;
}

static void settle_input(struct console_child *console)
{
    size_t waiting = evbuffer_get_length(console->input);
    struct client *client = NULL;

    if (console->input_fd >= 0)
        arm(console->input_writable, waiting > 0);
    if (console->input_ends && waiting == 0 && console->input_fd >= 0 && !console->has_terminal) {
        event_del(console->input_writable);
        close(console->input_fd);
        console->input_fd = -1;
    }
    TAILQ_FOREACH(client, &console->clients, link)
    {
        if (waiting < INPUT_BACKLOG_MAX)
            bufferevent_enable(client->stream, EV_READ);
        else
            bufferevent_disable(client->stream, EV_READ);
    }
}

static void settle(struct console_child *console)
{
    bool may_read = !console->waits && !has_slow_client(console);

    for (size_t i = 0; i < console->output_count; i++) {
        struct output *output = &console->outputs[i];
        size_t unlogged = evbuffer_get_length(output->log);

        arm(output->readable, may_read && !output->has_ended && unlogged < LOG_BACKLOG_MAX);
        arm(output->log_writable, unlogged > 0);
    }
    settle_input(console);
    if (is_done(console))
        event_base_loopbreak(console->base);
}

static void send_frame(struct client *client, enum console_frame_type type, const void *data,
                       size_t length)
{
    const struct console_frame_head head = { .type = type, .length = (uint32_t)length };

    bufferevent_write(client->stream, &head, sizeof(head));
    bufferevent_write(client->stream, data, length);
}

static void on_output(evutil_socket_t fd, short what, void *context)
{
    struct output *output = context;
    struct client *client = NULL;
    char bytes[READ_SIZE];
    ssize_t length = read(fd, bytes, sizeof(bytes));

    (void)what;
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    /* A terminal that nobody in the container has open any more reads as EIO. */
    output->has_ended = length <= 0;
    if (length > 0) {
        evbuffer_add(output->log, bytes, (size_t)length);
        TAILQ_FOREACH(client, &output->console->clients, link)
        {
            send_frame(client, output->type, bytes, (size_t)length);
        }
    }
    settle(output->console);
}

static void on_log_writable(evutil_socket_t fd, short what, void *context)
{
    struct output *output = context;

    (void)what;
    if (evbuffer_write(output->log, fd) < 0 && errno != EAGAIN && errno != EINTR)
        evbuffer_drain(output->log, evbuffer_get_length(output->log));
    settle(output->console);
}

static void on_input_writable(evutil_socket_t fd, short what, void *context)
{
    struct console_child *console = context;

    (void)what;
    /* Who has closed his input does not want what is left. */
    if (evbuffer_write(console->input, fd) < 0 && errno != EAGAIN && errno != EINTR)
        evbuffer_drain(console->input, evbuffer_get_length(console->input));
    settle(console);
}

static void set_size(const struct console_child *console, struct evbuffer *from, size_t length)
{
    struct console_frame_size size;
    struct winsize window = { 0 };

    if (length != sizeof(size)) {
        evbuffer_drain(from, length);
        return;
    }
    evbuffer_remove(from, &size, sizeof(size));
    window.ws_row = size.rows;
    window.ws_col = size.columns;
    if (console->has_terminal)
        ioctl(console->input_fd, TIOCSWINSZ, &window);
}

static void take_frame(struct console_child *console, enum console_frame_type type,
                       struct evbuffer *from, size_t length)
{
    if (type == CONSOLE_FRAME_STDIN && console->input_fd >= 0 && !console->input_ends)
        evbuffer_remove_buffer(from, console->input, length);
    else if (type == CONSOLE_FRAME_SIZE)
        set_size(console, from, length);
    else
        evbuffer_drain(from, length);
    if (type == CONSOLE_FRAME_STDIN_END)
        console->input_ends = true;
}

static void drop_client(struct client *client)
{
    struct console_child *console = client->console;

    TAILQ_REMOVE(&console->clients, client, link);
    console->client_count--;
    bufferevent_free(client->stream);
    free(client);
    settle(console);
}

static void on_client_readable(struct bufferevent *stream, void *context)
{
    struct client *client = context;
    struct evbuffer *from = bufferevent_get_input(stream);
    struct console_frame_head head;

    while (evbuffer_copyout(from, &head, sizeof(head)) == (ssize_t)sizeof(head)) {
        if (head.type >= CONSOLE_FRAME_TYPE_COUNT || head.length > CONSOLE_FRAME_MAX) {
            drop_client(client);
            return;
        }
        if (evbuffer_get_length(from) < sizeof(head) + head.length)
            break;
        evbuffer_drain(from, sizeof(head));
        take_frame(client->console, head.type, from, head.length);
    }
    settle(client->console);
}

static void on_client_written(struct bufferevent *stream, void *context)
{
    struct client *client = context;

    (void)stream;
    settle(client->console);
}

static void on_client_event(struct bufferevent *stream, short what, void *context)
{
    (void)stream;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        drop_client(context);
}

static void on_client(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int length, void *context)
{
    struct console_child *console = context;
    struct client *client = NULL;

    (void)listener;
    (void)address;
    (void)length;
    if (console->client_count >= CLIENTS_MAX) {
        close(fd);
        return;
    }
    client = alloc_new(struct client);
    client->console = console;
    client->stream = bufferevent_socket_new(console->base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(client->stream, on_client_readable, on_client_written, on_client_event,
                      client);
    bufferevent_enable(client->stream, EV_READ | EV_WRITE);
    TAILQ_INSERT_TAIL(&console->clients, client, link);
    console->client_count++;
    console->waits = false;
    settle(console);
}

static void on_impatience(evutil_socket_t fd, short what, void *context)
{
    struct console_child *console = context;

    (void)fd;
    (void)what;
    console->waits = false;
    settle(console);
}

static int get_fd(enum console_child_fd fd)
{
    int number = CONSOLE_CHILD_FIRST + (int)fd;
    int flags = fcntl(number, F_GETFL);

    if (flags < 0) /* not given */
        return -1;
    fcntl(number, F_SETFL, flags | O_NONBLOCK);
    return number;
}

static void add_output(struct console_child *console, enum console_frame_type type, int fd,
                       int log_fd)
{
    struct output *output = &console->outputs[console->output_count++];

    output->console = console;
    output->type = type;
    output->fd = fd;
    output->log_fd = log_fd;
    output->log = evbuffer_new();
    output->readable = event_new(console->base, fd, EV_READ, on_output, output);
    output->log_writable = event_new(console->base, log_fd, EV_WRITE, on_log_writable, output);
}

int console_child_run(bool has_terminal, bool waits)
{
    static const struct timeval patience = { .tv_sec = PATIENCE_S };
    struct console_child console = { .has_terminal = has_terminal, .waits = waits };
    struct error err = { 0 };

    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_NAME, "carte-console");
    setsid();
    console.base = event_base_new();
    console.input = evbuffer_new();
    TAILQ_INIT(&console.clients);
    console.input_fd = get_fd(CONSOLE_CHILD_INPUT);
    console.input_writable =
        event_new(console.base, console.input_fd, EV_WRITE, on_input_writable, &console);
    add_output(&console, CONSOLE_FRAME_STDOUT, get_fd(CONSOLE_CHILD_STDOUT),
               get_fd(CONSOLE_CHILD_LOG_STDOUT));
    if (!has_terminal)
        add_output(&console, CONSOLE_FRAME_STDERR, get_fd(CONSOLE_CHILD_STDERR),
                   get_fd(CONSOLE_CHILD_LOG_STDERR));
    console.listener =
        evconnlistener_new(console.base, on_client, &console, 0, 0, get_fd(CONSOLE_CHILD_LISTENER));
    console.patience = evtimer_new(console.base, on_impatience, &console);
    evtimer_add(console.patience, &patience);
    settle(&console);
    /* It outlives supervisor and keeper. */
    if (sandbox_enter(false, &err) < 0) {
        log_error("a console cannot begin", LOG_TEXT("why", err.text));
        return EXIT_FAILURE;
    }
    event_base_dispatch(console.base);
    return 0;
}
