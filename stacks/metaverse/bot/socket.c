/* SPDX-License-Identifier: MIT */

/*
 * UDP sockets of the bot
 */

#include "bot/socket.h"

#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BUFFER (1024 * 1024)

int socket_connect(const char *host, int64_t port)
{
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_DGRAM };
    struct addrinfo *address = NULL;
    char service[16];
    int size = RECEIVE_BUFFER;
    int fd = -1;

    snprintf(service, sizeof(service), "%" PRId64, port);
    if (getaddrinfo(host, service, &hints, &address) != 0)
        return -1;
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, address->ai_addr, address->ai_addrlen) < 0) {
        close(fd);
        fd = -1;
    }
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    freeaddrinfo(address);
    return fd;
}
