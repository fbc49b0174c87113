/* SPDX-License-Identifier: MIT */

/*
 * The server side of the control API (control.h)
 *
 * HTTP on a Unix socket of mode 0600; a peer must be root or have the server's own uid. A
 * request's body is at most 1 MiB of JSON, its headers 16 KiB, a silent client is dropped after
 * 30 s. The server knows routes and formats; what a request means is told by the handlers.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/cleanup.h"
#include "util/json.h"
#include "util/macro.h"

struct error;
struct event_base;
struct events;
struct control_server;
struct control_server_request;

enum control_server_command {
    CONTROL_SERVER_STACK, /* GET /v1/stack */
    CONTROL_SERVER_APPLY,
    CONTROL_SERVER_SCALE,
    CONTROL_SERVER_START,
    CONTROL_SERVER_STOP,
    CONTROL_SERVER_RESTART,
    CONTROL_SERVER_PAUSE,
    CONTROL_SERVER_UNPAUSE,
    CONTROL_SERVER_WAIT,
    CONTROL_SERVER_DOWN,
    CONTROL_SERVER_COMMAND_COUNT,
};

/*
 * Does what is asked and calls control_server_answer() or control_server_refuse() exactly once,
 * now or later. `body` is borrowed for the call; it is an object, empty when none was sent.
 */
typedef void (*control_server_fn)(void *context, struct control_server_request *request,
                                  const struct json *body);

struct control_server_handlers {
    control_server_fn on[CONTROL_SERVER_COMMAND_COUNT]; /* NULL: answered with 404 */
    void *context;
};

/*
 * Listen at `path` (an old socket file there is replaced). `handlers` is copied; `events` is
 * borrowed and serves /v1/events.
 */
int control_server_open(struct event_base *base, const char *path,
                        const struct control_server_handlers *handlers, struct events *events,
                        struct control_server **out, struct error *err) MUST_CHECK;

/* Requests without an answer get 503; the socket file is removed. NULL is fine. */
void control_server_close(struct control_server *server);

/* Answer with 200 and `body`, which is owned from then on; NULL: {}. */
void control_server_answer(struct control_server_request *request, struct json *body);

/* Answer {"error": text}: 400 for INVALID, 404 NOT_FOUND, 409 EXISTS, 403 DENIED, else 500. */
void control_server_refuse(struct control_server_request *request, const struct error *err);

/* Are answers still on their way out? `down` ends the process when none is. */
bool control_server_is_idle(const struct control_server *server);
