/* SPDX-License-Identifier: MIT */

/*
 * A small HTTP server for tests, plain or with TLS
 *
 * One thread and one request for each connection, which is closed behind the answer. Handlers
 * write what they like, also what is no HTTP. Each request is a line on stdout: "METHOD PATH
 * [AUTHORIZATION] RANGE".
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

struct serve_connection;

struct serve_request {
    char method[16], path[2048];
    char authorization[4096]; /* "": none */
    char range[64];
};

/* Each returns false once the other side is gone. */
bool serve_write(struct serve_connection *connection, const void *data, size_t length);
bool serve_print(struct serve_connection *connection, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A whole answer: status, further header lines ("A: b\r\n" or ""), body. */
void serve_answer(struct serve_connection *connection, int status, const char *headers,
                  const void *body, size_t length);

/* Wait until the other side goes away. */
void serve_wait(struct serve_connection *connection);

typedef void (*serve_fn)(struct serve_connection *connection, const struct serve_request *request);

/* Listen at 127.0.0.1:`port` in a thread, with TLS if there is a certificate (PEM). */
void serve_start(int port, const char *cert, const char *key, serve_fn handler);
