/* SPDX-License-Identifier: MIT */

/*
 * A server's own client
 */

#include "common/client.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fetch.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

#define HEALTH_TIMEOUT_MS 1500
#define HTTP_TIMEOUT_MS 10000
#define UDP_SILENCE_MS 500
#define DATAGRAM_MAX 2048

int client_health(int64_t port)
{
    AUTO_FREE char *url = alloc_format("http://127.0.0.1:%" PRId64 "/healthz", port);
    struct fetch_request request = { .method = "GET", .url = url, .timeout_ms = HEALTH_TIMEOUT_MS };
    struct fetch_result result = { 0 };
    struct error err = { 0 };

    if (fetch_wait(&request, &result, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    free(result.body);
    return result.status == 200 ? 0 : 1;
}

int client_http(const char *method, const char *url, const char *body, const char *bearer)
{
    struct fetch_request request = {
        .method = method, .url = url, .body = body, .bearer = bearer, .timeout_ms = HTTP_TIMEOUT_MS
    };
    struct fetch_result result = { 0 };
    struct error err = { 0 };

    if (fetch_wait(&request, &result, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    printf("%d\n", result.status);
    fwrite(result.body, 1, result.length, stdout);
    putchar('\n');
    free(result.body);
    return result.status < 400 ? 0 : 1;
}

struct lookup {
    int fd;
    const char *problem;
};

static void on_address(int code, struct evutil_addrinfo *addresses, void *context)
{
    struct lookup *lookup = context;

    if (code != 0) {
        lookup->problem = evutil_gai_strerror(code);
        return;
    }
    lookup->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (lookup->fd >= 0 &&
        connect(lookup->fd, addresses->ai_addr, (socklen_t)addresses->ai_addrlen) < 0) {
        close(lookup->fd);
        lookup->fd = -1;
    }
    evutil_freeaddrinfo(addresses);
}

/* A UDP socket connected to "host:port", or -1 after saying why on standard error. */
static int connect_udp(const char *target)
{
    AUTO_FREE char *host = alloc_text(target);
    char *colon = strrchr(host, ':');
    struct evutil_addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_DGRAM };
    struct lookup lookup = { .fd = -1, .problem = "cannot connect" };
    struct event_base *base = event_base_new();
    struct evdns_base *resolver = base ? fetch_open_resolver(base) : NULL;

    if (colon && resolver) {
        *colon = '\0';
        evdns_getaddrinfo(resolver, host, colon + 1, &hints, on_address, &lookup);
        event_base_dispatch(base);
    } else {
        lookup.problem = "write host:port";
    }
    if (resolver)
        evdns_base_free(resolver, 0);
    if (base)
        event_base_free(base);
    if (lookup.fd < 0)
        fprintf(stderr, "%s: %s\n", target, lookup.problem);
    return lookup.fd;
}

int client_udp(const char *target, char *const *texts)
{
    AUTO_CLOSE int fd = connect_udp(target);
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    char buffer[DATAGRAM_MAX];
    int replies = 0;

    if (fd < 0)
        return 1;
    for (; *texts; texts++)
        if (send(fd, *texts, strlen(*texts), 0) < 0)
            perror(target);
    while (poll(&wait, 1, UDP_SILENCE_MS) > 0) {
        ssize_t length = recv(fd, buffer, sizeof(buffer), 0);

        if (length < 0) {
            perror(target);
            return 1;
        }
        printf("%.*s\n", (int)length, buffer);
        replies++;
    }
    return replies > 0 ? 0 : 1;
}
