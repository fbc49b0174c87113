/* SPDX-License-Identifier: MIT */

/*
 * The front, the supervisor's side
 *
 * Sockets are opened here, where the rights for that are, and copied to the child. A message
 * that it does not take within two seconds means that it hangs: then it is ended, and `ended`
 * told, as if it had died.
 */

#include "supervise/front.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/dns.h"
#include "supervise/front_child.h"
#include "supervise/front_message.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/log.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define RESOLV_CONF_MAX 65536
#define PATIENCE_S 2
#define LOOK_AGAIN_S 5
#define SEND_BUFFER (1 << 20)

struct front {
    int socket, pidfd;
    pid_t pid;
    struct event *ended_event, *look_event;
    front_ended_fn ended;
    void *context;
    struct timespec upstreams_mtime;
    uint16_t *relays; /* ports that were sent */
    size_t relay_count;
    struct front_message message;
};

/* Use front->message, whose data and length are set. */
static int send_message(struct front *front, enum front_message_type type, const char *key,
                        uint32_t number, const int *fds, struct error *err)
{
    size_t fd_count = 0;

    if (strlen(key) > FRONT_KEY_MAX)
        return error_set(err, ERROR_INVALID, "network key '%s' is too long", key);
    while (fds && fd_count < FRONT_MESSAGE_FDS_MAX && fds[fd_count] >= 0)
        fd_count++;
    front->message.type = type;
    front->message.number = number;
    memset(front->message.key, 0, sizeof(front->message.key));
    memcpy(front->message.key, key, strlen(key));
    if (front_message_send(front->socket, &front->message, fds, fd_count, err) < 0) {
        /* Its end will be noticed by the event on the socket. */
        if (front->pidfd >= 0)
            pidfd_send_signal(front->pidfd, SIGKILL, NULL, 0);
        return -1;
    }
    return 0;
}

/* Send the host's name servers when they have changed. */
static int send_upstreams(struct front *front, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };
    struct front_upstreams upstreams = { 0 };
    struct error ignored = { 0 };
    struct stat status = { 0 };

    if (stat(RESOLV_CONF, &status) == 0 && status.st_mtim.tv_sec == front->upstreams_mtime.tv_sec &&
        status.st_mtim.tv_nsec == front->upstreams_mtime.tv_nsec)
        return 0;
    front->upstreams_mtime = status.st_mtim;
    if (file_read(AT_FDCWD, RESOLV_CONF, RESOLV_CONF_MAX, &text, &ignored) == 0)
        front_message_parse_upstreams(text_get(&text), &upstreams);
    memcpy(front->message.data, &upstreams, sizeof(upstreams));
    front->message.length = sizeof(upstreams);
    return send_message(front, FRONT_MESSAGE_UPSTREAMS, "", 0, NULL, err);
}

static void on_look_again(evutil_socket_t fd, short what, void *context)
{
    struct error ignored = { 0 };

    (void)fd;
    (void)what;
    if (send_upstreams(context, &ignored) < 0)
        log_warn("name servers are not passed on", LOG_TEXT("error", ignored.text));
}

static void on_ended(evutil_socket_t fd, short what, void *context)
{
    struct front *front = context;

    (void)fd;
    (void)what;
    /* Nothing is ever sent from there: readable means the end. */
    event_del(front->ended_event);
    event_del(front->look_event);
    front->ended(front->context, "the front has ended");
}

/*
 * In the child: become the front. A fresh program image holds nothing of the supervisor's
 * memory, such as the secrets of the stack.
 */
_Noreturn static void execute(int socket, int parent)
{
    char parent_text[16];
    char name[] = "carte-front";
    char command[] = "front";
    char *const args[] = { name, command, parent_text, NULL };
    char *const env[] = { NULL };

    snprintf(parent_text, sizeof(parent_text), "%d", parent);
    if (socket == FRONT_CHILD_SOCKET ? fcntl(socket, F_SETFD, 0) == 0
                                     : dup2(socket, FRONT_CHILD_SOCKET) >= 0)
        execve("/proc/self/exe", args, env);
    _exit(127);
}

static int spawn(struct front *front, struct error *err)
{
    const struct timeval patience = { .tv_sec = PATIENCE_S };
    const int room = SEND_BUFFER;
    AUTO_CLOSE int theirs = -1;
    int pair[2];
    int parent = getpid();

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return error_set_errno(err, errno, "make a socket pair");
    front->socket = pair[0];
    theirs = pair[1];
    setsockopt(front->socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    setsockopt(front->socket, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    front->pid = fork();
    if (front->pid < 0)
        return error_set_errno(err, errno, "fork the front");
    if (front->pid == 0)
        execute(theirs, parent);
    front->pidfd = pidfd_open(front->pid, 0);
    if (front->pidfd < 0)
        return error_set_errno(err, errno, "open the front's process");
    return 0;
}

int front_start(struct event_base *base, front_ended_fn ended, void *context, struct front **out,
                struct error *err)
{
    const struct timeval look_again = { .tv_sec = LOOK_AGAIN_S };
    struct front *front = alloc_new(struct front);

    front->socket = front->pidfd = -1;
    front->ended = ended;
    front->context = context;
    if (spawn(front, err) < 0 || send_upstreams(front, err) < 0) {
        front_stop(front);
        return error_wrap(err, "start the front");
    }
    front->ended_event = event_new(base, front->socket, EV_READ | EV_PERSIST, on_ended, front);
    front->look_event = event_new(base, -1, EV_PERSIST, on_look_again, front);
    event_add(front->ended_event, NULL);
    event_add(front->look_event, &look_again);
    *out = front;
    return 0;
}

void front_stop(struct front *front)
{
    if (!front)
        return;
    if (front->ended_event)
        event_free(front->ended_event);
    if (front->look_event)
        event_free(front->look_event);
    if (front->socket >= 0)
        close(front->socket);
    if (front->pidfd >= 0) {
        siginfo_t info;

        pidfd_send_signal(front->pidfd, SIGKILL, NULL, 0);
        while (waitid(P_PIDFD, (id_t)front->pidfd, &info, WEXITED) < 0 && errno == EINTR)
            ;
        close(front->pidfd);
    }
    free(front->relays);
    free(front);
}

static int open_socket(int family, int type, const void *address, socklen_t length, int *out,
                       struct error *err)
{
    const int on = 1;
    AUTO_CLOSE int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return error_set_errno(err, errno, "make a socket");
    /* The sockets of a front whose supervisor was killed may live a moment longer. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, address, length) < 0)
        return error_set_errno(err, errno, "bind");
    if (type == SOCK_STREAM && listen(fd, 128) < 0)
        return error_set_errno(err, errno, "listen");
    *out = STEAL_FD(fd);
    return 0;
}

int front_open_sockets(uint32_t address, uint16_t port, int *udp_out, int *tcp_out,
                       struct error *err)
{
    const struct sockaddr_in place = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(address),
    };
    AUTO_CLOSE int udp = -1;

    if (open_socket(AF_INET, SOCK_DGRAM, &place, sizeof(place), &udp, err) < 0 ||
        open_socket(AF_INET, SOCK_STREAM, &place, sizeof(place), tcp_out, err) < 0)
        return error_wrap(err, "serve names on port %u", port);
    *udp_out = STEAL_FD(udp);
    return 0;
}

int front_set_network(struct front *front, const char *key, const int sockets[2], bool internal,
                      struct error *err)
{
    front->message.length = 0;
    return send_message(front, FRONT_MESSAGE_NETWORK, key, internal, sockets, err);
}

static int send_names(struct front *front, const char *key, const struct dns_table *table,
                      struct error *err)
{
    front->message.length = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct dns_name *name = &table->names[i];

        if (front_message_add_name(&front->message, name->name, name->addresses,
                                   name->address_count))
            continue;
        if (send_message(front, FRONT_MESSAGE_NAMES, key, 0, NULL, err) < 0)
            return -1;
        front->message.length = 0;
        (void)front_message_add_name(&front->message, name->name, name->addresses,
                                     name->address_count);
    }
    return send_message(front, FRONT_MESSAGE_NAMES, key, 0, NULL, err);
}

static int send_askers(struct front *front, const char *key, const uint32_t *askers, size_t count,
                       struct error *err)
{
    const size_t room = FRONT_MESSAGE_DATA_MAX / sizeof(*askers);

    for (size_t sent = 0; sent < count;) {
        size_t part = MIN(count - sent, room);

        front->message.length = (uint32_t)(part * sizeof(*askers));
        memcpy(front->message.data, askers + sent, front->message.length);
        if (send_message(front, FRONT_MESSAGE_ASKERS, key, 0, NULL, err) < 0)
            return -1;
        sent += part;
    }
    return 0;
}

int front_set_names(struct front *front, const char *key, const struct dns_table *table,
                    const uint32_t *askers, size_t asker_count, struct error *err)
{
    front->message.length = (uint32_t)strlen(table->suffix);
    memcpy(front->message.data, table->suffix, front->message.length);
    if (send_message(front, FRONT_MESSAGE_NAMES_BEGIN, key, 0, NULL, err) < 0 ||
        send_names(front, key, table, err) < 0)
        return -1;
    return send_askers(front, key, askers, asker_count, err);
}

int front_use_names(struct front *front, struct error *err)
{
    front->message.length = 0;
    return send_message(front, FRONT_MESSAGE_NAMES_END, "", 0, NULL, err);
}

int front_remove_network(struct front *front, const char *key, struct error *err)
{
    front->message.length = 0;
    return send_message(front, FRONT_MESSAGE_NETWORK_GONE, key, 0, NULL, err);
}

static bool has_port(const uint16_t *ports, size_t count, uint16_t port)
{
    for (size_t i = 0; i < count; i++) {
        if (ports[i] == port)
            return true;
    }
    return false;
}

static int add_relay(struct front *front, uint16_t port, struct error *err)
{
    const struct sockaddr_in6 place = {
        .sin6_family = AF_INET6,
        .sin6_port = htons(port),
        .sin6_addr = IN6ADDR_LOOPBACK_INIT,
    };
    struct error problem = { 0 };
    AUTO_CLOSE int fd = -1;

    if (open_socket(AF_INET6, SOCK_STREAM, &place, sizeof(place), &fd, &problem) < 0) {
        log_warn("port is not relayed from [::1]", LOG_INT("port", port),
                 LOG_TEXT("error", problem.text));
        return 0;
    }
    front->message.length = 0;
    if (send_message(front, FRONT_MESSAGE_RELAY, "", port, (const int[2]){ fd, -1 }, err) < 0)
        return -1;
    *ALLOC_APPEND(front->relays, front->relay_count) = port;
    return 0;
}

int front_set_relays(struct front *front, const uint16_t *ports, size_t count, struct error *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < front->relay_count; i++) {
        uint16_t port = front->relays[i];

        if (has_port(ports, count, port)) {
            front->relays[kept++] = port;
            continue;
        }
        front->message.length = 0;
        if (send_message(front, FRONT_MESSAGE_RELAY_GONE, "", port, NULL, err) < 0)
            return -1;
    }
    front->relay_count = kept;
    for (size_t i = 0; i < count; i++) {
        if (!has_port(front->relays, front->relay_count, ports[i]) &&
            add_relay(front, ports[i], err) < 0)
            return -1;
    }
    return 0;
}

int front_pid(const struct front *front)
{
    return front->pidfd >= 0 ? front->pid : -1;
}
