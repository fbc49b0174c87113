/* SPDX-License-Identifier: MIT */

/*
 * A small HTTP server for tests
 */

#include "serve.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/text.h"

#define HEAD_MAX 65536U

struct listener {
    int fd;
    SSL_CTX *tls; /* NULL: plain */
    serve_fn handler;
};

struct serve_connection {
    const struct listener *listener;
    int fd;
    SSL *tls;
};

static ssize_t receive(struct serve_connection *connection, void *data, size_t size)
{
    return connection->tls ? SSL_read(connection->tls, data, (int)size)
                           : recv(connection->fd, data, size, 0);
}

bool serve_write(struct serve_connection *connection, const void *data, size_t length)
{
    const char *p = data;

    while (length > 0) {
        ssize_t put = connection->tls ? SSL_write(connection->tls, p, (int)length)
                                      : send(connection->fd, p, length, MSG_NOSIGNAL);

        if (put <= 0)
            return false;
        p += put;
        length -= (size_t)put;
    }
    return true;
}

bool serve_print(struct serve_connection *connection, const char *format, ...)
{
    char line[8192];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    return serve_write(connection, line, strlen(line));
}

void serve_answer(struct serve_connection *connection, int status, const char *headers,
                  const void *body, size_t length)
{
    if (serve_print(connection,
                    "HTTP/1.1 %d Test\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n",
                    status, length, headers))
        serve_write(connection, body, length);
}

void serve_wait(struct serve_connection *connection)
{
    char byte;

    while (receive(connection, &byte, 1) > 0)
        continue;
}

/* The value of a header line, cut to fit. */
static void copy_header(const char *head, const char *name, char *out, size_t size)
{
    AUTO_FREE char *start = alloc_format("\r\n%s: ", name);
    const char *found = strcasestr(head, start);

    out[0] = '\0';
    if (found)
        snprintf(out, size, "%.*s", (int)strcspn(found + strlen(start), "\r"),
                 found + strlen(start));
}

/* Read up to the end of the headers; a body is read and dropped. */
static bool read_request(struct serve_connection *connection, struct serve_request *out)
{
    AUTO_TEXT struct text head = { 0 };
    char chunk[16384];
    char length[32];
    const char *end = NULL;
    size_t body = 0;

    while (!end) {
        ssize_t got = receive(connection, chunk, sizeof(chunk));

        if (got <= 0 || head.length > HEAD_MAX)
            return false;
        text_add_bytes(&head, chunk, (size_t)got);
        /* The beginning of TLS, say. */
        if (!isupper((unsigned char)head.data[0]))
            return false;
        end = strstr(text_get(&head), "\r\n\r\n");
    }
    if (sscanf(text_get(&head), "%15s %2047s", out->method, out->path) != 2)
        return false;
    copy_header(text_get(&head), "Authorization", out->authorization, sizeof(out->authorization));
    copy_header(text_get(&head), "Range", out->range, sizeof(out->range));
    copy_header(text_get(&head), "Content-Length", length, sizeof(length));
    body = head.length - (size_t)(end + 4 - text_get(&head));
    while (body < strtoull(length, NULL, 10)) {
        ssize_t got = receive(connection, chunk, sizeof(chunk));

        if (got <= 0)
            return false;
        body += (size_t)got;
    }
    return true;
}

static void *converse(void *argument)
{
    struct serve_connection *connection = argument;
    const struct listener *listener = connection->listener;
    struct serve_request request = { 0 };

    if (listener->tls) {
        connection->tls = SSL_new(listener->tls);
        SSL_set_fd(connection->tls, connection->fd);
    }
    if ((!connection->tls || SSL_accept(connection->tls) == 1) &&
        read_request(connection, &request)) {
        printf("%s %s [%s] %s\n", request.method, request.path, request.authorization,
               request.range);
        fflush(stdout);
        listener->handler(connection, &request);
    }
    if (connection->tls)
        SSL_shutdown(connection->tls);
    SSL_free(connection->tls);
    close(connection->fd);
    free(connection);
    return NULL;
}

static void *accept_all(void *argument)
{
    const struct listener *listener = argument;

    for (;;) {
        struct serve_connection *connection = alloc_new(struct serve_connection);
        pthread_t thread;

        connection->listener = listener;
        connection->fd = accept(listener->fd, NULL, NULL);
        if (connection->fd < 0 || pthread_create(&thread, NULL, converse, connection) != 0)
            err(1, "accept");
        pthread_detach(thread);
    }
}

static SSL_CTX *make_tls(const char *cert, const char *key)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

    if (!tls || SSL_CTX_use_certificate_chain_file(tls, cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
        errx(1, "certificate '%s'", cert);
    return tls;
}

void serve_start(int port, const char *cert, const char *key, serve_fn handler)
{
    struct listener *listener = alloc_new(struct listener);
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    pthread_t thread;
    int one = 1;

    listener->handler = handler;
    listener->tls = cert ? make_tls(cert, key) : NULL;
    listener->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener->fd < 0 ||
        setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
        bind(listener->fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(listener->fd, 64) < 0 || pthread_create(&thread, NULL, accept_all, listener) != 0)
        err(1, "port %d", port);
}
