/* SPDX-License-Identifier: MIT */

/*
 * The server side of the control API
 *
 * A request lives until its answer is on the wire or its client is gone, whichever is later
 * than the handler's answer: the handler may keep it for as long as its work takes. libevent
 * keeps the half of it that a late answer needs when the client went away. A stream of events
 * is a request that is never answered in full.
 */

#include "supervise/control_server.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervise/events.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/local_socket.h"
#include "util/parse.h"

#define BODY_MAX (1 << 20)
#define HEADERS_MAX (16 << 10)
#define SILENCE_S 30
#define STREAM_BACKLOG_MAX (4u << 20)

struct control_server_request {
    TAILQ_ENTRY(control_server_request) entry;
    struct control_server *server;
    struct evhttp_request *http;
    bool answered;
    bool closed;    /* the client is gone */
    bool stream;    /* of events */
    uint64_t token; /* its subscription */
};

struct control_server {
    struct event_base *base;
    struct evhttp *http;
    struct control_server_handlers handlers;
    struct events *events;
    char *path;
    TAILQ_HEAD(, control_server_request) requests;
};

static const struct route {
    enum evhttp_cmd_type method;
    const char *path;
    enum control_server_command command;
} routes[] = {
    { EVHTTP_REQ_GET, "/v1/stack", CONTROL_SERVER_STACK },
    { EVHTTP_REQ_POST, "/v1/apply", CONTROL_SERVER_APPLY },
    { EVHTTP_REQ_POST, "/v1/scale", CONTROL_SERVER_SCALE },
    { EVHTTP_REQ_POST, "/v1/start", CONTROL_SERVER_START },
    { EVHTTP_REQ_POST, "/v1/stop", CONTROL_SERVER_STOP },
    { EVHTTP_REQ_POST, "/v1/restart", CONTROL_SERVER_RESTART },
    { EVHTTP_REQ_POST, "/v1/pause", CONTROL_SERVER_PAUSE },
    { EVHTTP_REQ_POST, "/v1/unpause", CONTROL_SERVER_UNPAUSE },
    { EVHTTP_REQ_POST, "/v1/wait", CONTROL_SERVER_WAIT },
    { EVHTTP_REQ_POST, "/v1/down", CONTROL_SERVER_DOWN },
};

static void request_free(struct control_server_request *request)
{
    if (request->token != 0)
        events_unsubscribe(request->server->events, request->token);
    TAILQ_REMOVE(&request->server->requests, request, entry);
    free(request);
}

static void on_client_gone(struct evhttp_connection *connection, void *context)
{
    struct control_server_request *request = context;

    (void)connection;
    request->closed = true;
    if (request->answered) {
        request_free(request);
    } else if (request->stream) {
        /* Without a connection this only frees libevent's half. */
        evhttp_send_reply_end(request->http);
        request_free(request);
    }
}

static void forget_connection(struct control_server_request *request)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(request->http);

    if (connection)
        evhttp_connection_set_closecb(connection, NULL, NULL);
}

static void on_answer_sent(struct evhttp_request *http, void *context)
{
    struct control_server_request *request = context;

    (void)http;
    forget_connection(request);
    request_free(request);
}

static void send_answer(struct control_server_request *request, int status, const char *reason,
                        struct json *body)
{
    AUTO(json) struct json *owned = body;
    AUTO_FREE char *text = json_print(owned, false);
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request->http);
    struct evbuffer *buffer = evbuffer_new();
    bool closed = request->closed;

    assert(!request->answered && !request->stream);
    request->answered = true;
    evhttp_add_header(headers, "Content-Type", "application/json");
    evhttp_add_header(headers, "Connection", "close");
    evbuffer_add_printf(buffer, "%s\n", text);
    if (!closed)
        evhttp_request_set_on_complete_cb(request->http, on_answer_sent, request);
    evhttp_send_reply(request->http, status, reason, buffer);
    evbuffer_free(buffer);
    if (closed)
        request_free(request);
}

void control_server_answer(struct control_server_request *request, struct json *body)
{
    send_answer(request, HTTP_OK, "OK", body ? body : json_new_object());
}

static void refuse(struct control_server_request *request, int status, const char *reason,
                   const char *text)
{
    struct json *body = json_new_object();

    json_set_text(body, "error", text);
    send_answer(request, status, reason, body);
}

void control_server_refuse(struct control_server_request *request, const struct error *err)
{
    static const struct {
        int status;
        const char *reason;
    } answers[] = {
        [ERROR_NONE] = { HTTP_INTERNAL, "Internal Server Error" },
        [ERROR_INVALID] = { HTTP_BADREQUEST, "Bad Request" },
        [ERROR_NOT_FOUND] = { HTTP_NOTFOUND, "Not Found" },
        [ERROR_EXISTS] = { 409, "Conflict" },
        [ERROR_UNSUPPORTED] = { HTTP_INTERNAL, "Internal Server Error" },
        [ERROR_DENIED] = { 403, "Forbidden" },
        [ERROR_TIMEOUT] = { HTTP_INTERNAL, "Internal Server Error" },
        [ERROR_SYSTEM] = { HTTP_INTERNAL, "Internal Server Error" },
    };

    refuse(request, answers[err->code].status, answers[err->code].reason, err->text);
}

bool control_server_is_idle(const struct control_server *server)
{
    const struct control_server_request *request = NULL;

    TAILQ_FOREACH(request, &server->requests, entry)
    if (!request->stream)
        return false;
    return true;
}

/* A subscriber that does not read is dropped; it can ask again with the last number it saw. */
static void stream_event(void *context, const struct json *event, const char *line)
{
    struct control_server_request *request = context;
    struct evhttp_connection *connection = evhttp_request_get_connection(request->http);
    struct evbuffer *chunk = NULL;
    size_t backlog = 0;

    if (!connection)
        return;
    backlog =
        evbuffer_get_length(bufferevent_get_output(evhttp_connection_get_bufferevent(connection)));
    if (backlog > STREAM_BACKLOG_MAX) {
        evhttp_connection_free(connection);
        return;
    }
    chunk = evbuffer_new();
    evbuffer_add_printf(chunk, "id: %lld\ndata: %s\n\n", (long long)json_find_int(event, "seq", 0),
                        line);
    evhttp_send_reply_chunk(request->http, chunk);
    evbuffer_free(chunk);
}

static void collect_event(void *context, const struct json *event, const char *line)
{
    evbuffer_add_printf(context, "id: %lld\ndata: %s\n\n",
                        (long long)json_find_int(event, "seq", 0), line);
}

static void serve_events(struct control_server_request *request, const char *since_text)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request->http);
    struct events *events = request->server->events;
    int64_t since = (int64_t)events_last(events);
    struct evbuffer *past = NULL;
    struct error err = { 0 };

    if (since_text && parse_int(since_text, 0, INT64_MAX, &since, &err) < 0) {
        control_server_refuse(request, &err);
        return;
    }
    request->token = events_subscribe(events, stream_event, request);
    if (request->token == 0) {
        refuse(request, HTTP_SERVUNAVAIL, "Service Unavailable", "too many subscribers");
        return;
    }
    past = evbuffer_new();
    if (events_replay(events, (uint64_t)since, collect_event, past, &err) < 0) {
        control_server_refuse(request, &err);
    } else {
        request->stream = true;
        evhttp_add_header(headers, "Content-Type", "text/event-stream");
        evhttp_add_header(headers, "Cache-Control", "no-store");
        evhttp_add_header(headers, "Connection", "close");
        evhttp_send_reply_start(request->http, HTTP_OK, "OK");
        /* A first comment, so that a client knows it is subscribed. */
        evbuffer_prepend(past, ": carte\n\n", strlen(": carte\n\n"));
        evhttp_send_reply_chunk(request->http, past);
    }
    evbuffer_free(past);
}

static bool is_peer_allowed(struct evhttp_request *http)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(http);
    int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
    struct ucred peer = { 0 };
    socklen_t length = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
        return false;
    return peer.uid == 0 || peer.uid == geteuid();
}

/* The body as an object; an empty body is an empty one. */
static int read_body(struct evhttp_request *http, struct json **out, struct error *err)
{
    struct evbuffer *buffer = evhttp_request_get_input_buffer(http);
    size_t length = evbuffer_get_length(buffer);
    AUTO(json) struct json *body = NULL;

    if (length == 0) {
        *out = json_new_object();
        return 0;
    }
    body = json_parse((const char *)evbuffer_pullup(buffer, -1), length, err);
    if (!body)
        return error_wrap(err, "body of the request");
    if (!json_is_object(body))
        return error_set(err, ERROR_INVALID, "body of the request: write an object, {...}");
    *out = STEAL_PTR(body);
    return 0;
}

static void dispatch(struct control_server_request *request, enum control_server_command command)
{
    const struct control_server_handlers *handlers = &request->server->handlers;
    AUTO(json) struct json *body = NULL;
    struct error err = { 0 };

    if (!handlers->on[command]) {
        refuse(request, HTTP_NOTFOUND, "Not Found", "not served here");
    } else if (read_body(request->http, &body, &err) < 0) {
        control_server_refuse(request, &err);
    } else {
        handlers->on[command](handlers->context, request, body);
    }
}

static void route(struct control_server_request *request, const char *path,
                  enum evhttp_cmd_type method)
{
    bool known = false;

    for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
        if (strcmp(path, routes[i].path) != 0)
            continue;
        if (method == routes[i].method) {
            dispatch(request, routes[i].command);
            return;
        }
        known = true;
    }
    if (known) {
        refuse(request, HTTP_BADMETHOD, "Method Not Allowed", "wrong method for this path");
    } else {
        refuse(request, HTTP_NOTFOUND, "Not Found", "no such path: see GET /v1/stack");
    }
}

static void on_request(struct evhttp_request *http, void *context)
{
    struct control_server *server = context;
    struct evhttp_connection *connection = evhttp_request_get_connection(http);
    struct bufferevent *stream = evhttp_connection_get_bufferevent(connection);
    struct control_server_request *request = alloc_new(struct control_server_request);
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(http));
    struct evkeyvalq query = { 0 };

    request->server = server;
    request->http = http;
    TAILQ_INSERT_TAIL(&server->requests, request, entry);
    evhttp_connection_set_closecb(connection, on_client_gone, request);
    if (!is_peer_allowed(http)) {
        refuse(request, 403, "Forbidden", "only root and the owner of the stack may ask");
        return;
    }
    /* The answer may take as long as it takes; reading goes on to notice a client that left. */
    bufferevent_set_timeouts(stream, NULL, NULL);
    bufferevent_enable(stream, EV_READ);
    if (!path || strcmp(path, "/v1/events") != 0) {
        route(request, path ? path : "", evhttp_request_get_command(http));
        return;
    }
    evhttp_parse_query_str(evhttp_uri_get_query(evhttp_request_get_evhttp_uri(http)) ?: "", &query);
    serve_events(request, evhttp_find_header(&query, "since"));
    evhttp_clear_headers(&query);
}

int control_server_open(struct event_base *base, const char *path,
                        const struct control_server_handlers *handlers, struct events *events,
                        struct control_server **out, struct error *err)
{
    struct control_server *server = NULL;
    AUTO_CLOSE int fd = -1;

    if (local_socket_listen(path, &fd, err) < 0)
        return error_wrap(err, "open the control socket");
    server = alloc_new(struct control_server);
    server->base = base;
    server->handlers = *handlers;
    server->events = events;
    server->path = alloc_text(path);
    TAILQ_INIT(&server->requests);
    server->http = evhttp_new(base);
    evhttp_set_max_body_size(server->http, BODY_MAX);
    evhttp_set_max_headers_size(server->http, HEADERS_MAX);
    evhttp_set_timeout(server->http, SILENCE_S);
    evhttp_set_allowed_methods(server->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
    evhttp_set_gencb(server->http, on_request, server);
    if (evhttp_accept_socket(server->http, STEAL_FD(fd)) < 0) {
        control_server_close(server);
        return error_set(err, ERROR_SYSTEM, "open the control socket: accept failed");
    }
    *out = server;
    return 0;
}

void control_server_close(struct control_server *server)
{
    struct control_server_request *request = NULL;

    if (!server)
        return;
    while ((request = TAILQ_FIRST(&server->requests))) {
        forget_connection(request);
        if (request->stream) {
            evhttp_send_reply_end(request->http);
        } else if (!request->answered) {
            evhttp_send_error(request->http, HTTP_SERVUNAVAIL, "Service Unavailable");
        } else {
            evhttp_request_set_on_complete_cb(request->http, NULL, NULL);
        }
        request_free(request);
    }
    evhttp_free(server->http);
    unlink(server->path);
    free(server->path);
    free(server);
}
