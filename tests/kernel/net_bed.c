/* SPDX-License-Identifier: MIT */

#include "net_bed.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/netlink.h"
#include "net/netns.h"
#include "util/error.h"

#define BED_FOLDER "/run/netns-bed"

static void check(int result, const char *what, const struct error *err)
{
    if (result >= 0)
        return;
    fprintf(stderr, "test bed: %s: %s\n", what, err && err->code ? err->text : "failed");
    if (!err)
        perror(what);
    exit(2);
}

static void path_of(const char *name, char path[64])
{
    (void)snprintf(path, 64, BED_FOLDER "/%s", name);
}

void bed_start(void)
{
    struct error err = { 0 };
    struct netlink *netlink;

    check(unshare(CLONE_NEWNET | CLONE_NEWNS), "unshare", NULL);
    check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private mounts", NULL);
    check(mount("tmpfs", "/run", "tmpfs", 0, NULL), "mount /run", NULL);
    check(mkdir(BED_FOLDER, 0700), "mkdir", NULL);
    netlink = netlink_open(&err);
    check(netlink ? 0 : -1, "netlink", &err);
    netlink_set_up(netlink, "lo");
    check(netlink_commit(netlink, &err), "lo up", &err);
    netlink_free(netlink);
}

void bed_add(const char *name, const struct network *network, uint32_t address)
{
    struct network_endpoint endpoint = {
        .network = network, .inner_link = "eth0", .address = address, .default_route = true
    };
    struct error err = { 0 };
    char path[64];

    path_of(name, path);
    (void)snprintf(endpoint.host_link, sizeof(endpoint.host_link), "%s", name);
    check(network_make_namespace(path, &err), "namespace", &err);
    check(network_attach(path, &endpoint, &err), "attach", &err);
}

void bed_remove(const char *name)
{
    struct error err = { 0 };
    char path[64];

    path_of(name, path);
    check(network_remove_namespace(path, &err), "remove namespace", &err);
}

void bed_command(const char *name, const char *command)
{
    char line[1024];

    if (name)
        (void)snprintf(line, sizeof(line), "nsenter --net=" BED_FOLDER "/%s sh -c '%s'", name,
                       command);
    else
        (void)snprintf(line, sizeof(line), "%s", command);
    if (system(line) != 0) {
        fprintf(stderr, "test bed: failed: %s\n", line);
        exit(2);
    }
}

int bed_open(const char *name, int family, int type, int protocol)
{
    struct error err = { 0 };
    char path[64];
    int netns = -1;
    int home = -1;
    int fd;

    if (name) {
        path_of(name, path);
        check(netns_open(path, &netns, &err), "open namespace", &err);
        check(netns_enter(netns, &home, &err), "enter namespace", &err);
    }
    fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    check(fd, "socket", NULL);
    if (name) {
        netns_leave(home);
        close(netns);
    }
    return fd;
}

int bed_socket(const char *name, int type)
{
    return bed_open(name, AF_INET, type, 0);
}

int bed_link(const char *name)
{
    struct ifreq request = { .ifr_name = "eth0" };
    int fd = bed_socket(name, SOCK_DGRAM);

    check(ioctl(fd, SIOCGIFINDEX, &request), "find eth0", NULL);
    close(fd);
    return request.ifr_ifindex;
}

int bed_listen(const char *name, int type, uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = bed_socket(name, type);
    int on = 1;

    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    check(bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind", NULL);
    if (type == SOCK_STREAM)
        check(listen(fd, 64), "listen", NULL);
    return fd;
}

int bed_connect(const char *name, uint32_t address, uint16_t port, int ms)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(address) };
    int fd = bed_socket(name, SOCK_STREAM);
    struct pollfd watched = { .fd = fd, .events = POLLOUT };
    int error = 0;
    socklen_t size = sizeof(error);

    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
        error = errno;
    else if (poll(&watched, 1, ms) == 0)
        error = ETIMEDOUT;
    else
        (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0)
        return fd;
    close(fd);
    return -error;
}

int bed_which(const int *listeners, size_t count, int ms)
{
    struct pollfd watched[64];

    check(count <= ARRAY_SIZE(watched) ? 0 : -1, "watch so many", NULL);

    for (size_t i = 0; i < count; i++)
        watched[i] = (struct pollfd){ .fd = listeners[i], .events = POLLIN };
    if (poll(watched, count, ms) <= 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (watched[i].revents)
            return (int)i;
    return -1;
}

int bed_accept(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    check(fd, "accept", NULL);
    return fd;
}

int bed_ask(int fd, const int *listeners, size_t count, int ms)
{
    struct sockaddr_in from;
    socklen_t size = sizeof(from);
    struct pollfd watched = { .fd = fd, .events = POLLIN };
    char byte = '?';
    int which;

    if (send(fd, &byte, 1, 0) < 0)
        return -1;
    which = bed_which(listeners, count, ms);
    if (which < 0)
        return -1;
    check((int)recvfrom(listeners[which], &byte, 1, 0, (struct sockaddr *)&from, &size), "recv",
          NULL);
    check((int)sendto(listeners[which], "!", 1, 0, (struct sockaddr *)&from, size), "send", NULL);
    if (poll(&watched, 1, ms) <= 0 || recv(fd, &byte, 1, 0) != 1)
        return -1;
    return which;
}
