/* SPDX-License-Identifier: MIT */

/*
 * One request and its answer
 *
 * A client may hang up while a worker is busy with its request. Libevent then takes the
 * connection away from the request and keeps the request, which is freed when it is
 * answered; so an answer is always sent, and may go nowhere.
 */

#include "common/exchange.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <unistd.h>

#include "common/limit.h"
#include "common/peers.h"
#include "common/server_state.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/log.h"

#define OPEN_RETRY_MS 500 /* after the database could not be opened */

/* A worker's own connection. */
struct connection {
    struct database *database;
    int64_t failed_ms; /* when it could not be opened the last time, or 0 */
};

struct exchange {
    struct work_item item; /* first, so that an item is its exchange */
    struct server *server;
    struct evhttp_request *http;
    server_fn *run;
    bool is_head;
    char *body;
    char *peer; /* a copy, since the connection may go before the request */
    struct evkeyvalq query;
    struct request request;
    struct reply reply;
};

/* The ways to answer a built-in path; exactly one of the functions is there. */
struct builtin {
    const char *path;
    void (*now)(struct exchange *exchange);
    server_fn *run;
};

static const char *replica_name(void)
{
    static char name[65];

    if (name[0] == '\0' && gethostname(name, sizeof(name) - 1) < 0)
        strcpy(name, "unknown");
    return name;
}

static void add_headers(const struct exchange *exchange)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(exchange->http);
    const struct reply *reply = &exchange->reply;
    char text[32];

    evhttp_add_header(headers, "X-Replica", replica_name());
    evhttp_add_header(headers, "Content-Type", reply->type ? reply->type : "application/json");
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    if (reply->etag[0])
        evhttp_add_header(headers, "ETag", reply->etag);
    if (reply->next[0])
        evhttp_add_header(headers, "X-Next-After", reply->next);
    if (reply->retry_after_s > 0) {
        snprintf(text, sizeof(text), "%d", reply->retry_after_s);
        evhttp_add_header(headers, "Retry-After", text);
    }
    if (exchange->server->is_stopping)
        evhttp_add_header(headers, "Connection", "close");
    if (exchange->is_head) {
        snprintf(text, sizeof(text), "%zu", reply->length);
        evhttp_add_header(headers, "Content-Length", text);
    }
}

static void free_body(const void *data, size_t length, void *body)
{
    (void)data;
    (void)length;
    free(body);
}

/* The client is gone before it had the whole answer. */
static void on_closed(struct evhttp_connection *connection, void *context)
{
    struct server *server = context;

    (void)connection;
    server->in_progress--;
}

static void on_sent(struct evhttp_request *http, void *context)
{
    struct server *server = context;

    evhttp_connection_set_closecb(evhttp_request_get_connection(http), NULL, NULL);
    server->in_progress--;
}

static void exchange_free(struct exchange *exchange)
{
    evhttp_clear_headers(&exchange->query);
    reply_done(&exchange->reply);
    free(exchange->body);
    free(exchange->peer);
    free(exchange);
}

void exchange_send(struct exchange *exchange)
{
    struct reply *reply = &exchange->reply;
    struct evhttp_connection *connection = evhttp_request_get_connection(exchange->http);
    struct evbuffer *buffer = NULL;

    add_headers(exchange);
    if (!exchange->is_head && reply->body) {
        buffer = evbuffer_new();
        evbuffer_add_reference(buffer, reply->body, reply->length, free_body, reply->body);
        reply->body = NULL;
    }
    if (connection) {
        evhttp_connection_set_closecb(connection, on_closed, exchange->server);
        evhttp_request_set_on_complete_cb(exchange->http, on_sent, exchange->server);
    } else {
        exchange->server->in_progress--;
    }
    evhttp_send_reply(exchange->http, reply->status, NULL, buffer);
    if (buffer)
        evbuffer_free(buffer);
    exchange_free(exchange);
}

struct reply *exchange_get_reply(struct exchange *exchange)
{
    return &exchange->reply;
}

struct server *exchange_get_server(struct exchange *exchange)
{
    return exchange->server;
}

/* The worker's database, opened when it is not open yet; NULL while it cannot be. */
static struct database *connect_database(struct server *server, struct connection *connection,
                                         struct error *err)
{
    const struct server_options *options = &server->options;
    AUTO_FREE char *path = NULL;
    int64_t now_ms = clock_now_ms();

    if (connection->database)
        return connection->database;
    if (connection->failed_ms != 0 && now_ms - connection->failed_ms < OPEN_RETRY_MS) {
        error_set(err, ERROR_SYSTEM, "the database could not be opened a moment ago");
        return NULL;
    }
    path = alloc_format("%s/%s.db", options->config->data_folder, options->service);
    if (database_open(path, options->schema, &connection->database, err) < 0) {
        connection->failed_ms = now_ms;
        return NULL;
    }
    return connection->database;
}

void exchange_run(void *context, void **slot, struct work_item *item)
{
    struct server *server = context;
    struct exchange *exchange = (struct exchange *)item;
    struct connection *connection = *slot;
    struct database *database = NULL;
    struct error err = { 0 };

    if (!connection)
        *slot = connection = alloc_new(struct connection);
    if (server->options.schema) {
        database = connect_database(server, connection, &err);
        if (!database) {
            reply_unavailable(&exchange->reply, &err);
            return;
        }
    }
    exchange->run(server->options.context, database, &exchange->request, &exchange->reply);
}

void exchange_release(void *context, void *slot)
{
    struct connection *connection = slot;

    (void)context;
    database_close(connection->database);
    free(connection);
}

void exchange_finish(void *context, struct work_item *item)
{
    (void)context;
    exchange_send((struct exchange *)item);
}

static void refuse(struct exchange *exchange, int status, const char *message)
{
    reply_code(&exchange->reply, status, 0, message);
    exchange_send(exchange);
}

static void answer_health(struct exchange *exchange)
{
    reply_code(&exchange->reply, 200, 1, "healthy");
    exchange_send(exchange);
}

static void answer_session(struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    struct json *message = NULL;
    struct json *json = NULL;

    if (!request->has_user) {
        refuse(exchange, 401, "a session token is needed");
        return;
    }
    message = json_new_object();
    json = json_new_object();
    json_set_text(message, "user_id", request->user.user);
    json_set_int(message, "issued", request->user.issued_s);
    json_set_int(message, "expires", request->user.expires_s);
    json_set_int(json, "code", 1);
    json_set(json, "message", message);
    reply_json(&exchange->reply, 200, json);
    exchange_send(exchange);
}

static void check_database(void *context, struct database *database, const struct request *request,
                           struct reply *reply)
{
    struct error err = { 0 };

    (void)context;
    (void)request;
    if (database_check(database, &err) < 0)
        reply_unavailable(reply, &err);
    else
        reply_code(reply, 200, 1, "ready");
}

static void hand_to_worker(struct exchange *exchange, server_fn *run)
{
    exchange->run = run;
    if (work_add(exchange->server->work, &exchange->item))
        return;
    exchange->reply.retry_after_s = 1;
    refuse(exchange, 503, "busy");
}

static void answer_ready(struct exchange *exchange)
{
    struct server *server = exchange->server;
    struct error err = { 0 };

    if (server->is_stopping)
        refuse(exchange, 503, "stopping");
    else if (server->options.check && server->options.check(server->options.context, &err) < 0)
        refuse(exchange, 503, err.text);
    else if (server->options.schema)
        hand_to_worker(exchange, check_database);
    else {
        reply_code(&exchange->reply, 200, 1, "ready");
        exchange_send(exchange);
    }
}

static const struct builtin builtins[] = {
    { .path = "/healthz", .now = answer_health },
    { .path = "/readyz", .now = answer_ready },
    { .path = "/v1/session", .now = answer_session },
    { .path = "/v1/peers", .now = peers_answer },
};

static bool path_matches(const char *pattern, const char *path)
{
    size_t length = strlen(pattern);

    if (pattern[length - 1] == '/')
        return strncmp(path, pattern, length) == 0;
    return strcmp(path, pattern) == 0;
}

static void route(struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    bool is_path_known = false;

    for (size_t i = 0; i < ARRAY_SIZE(builtins); i++) {
        if (strcmp(request->path, builtins[i].path) == 0 && strcmp(request->method, "GET") == 0) {
            builtins[i].now(exchange);
            return;
        }
    }
    for (const struct server_route *r = exchange->server->options.routes; r && r->path; r++) {
        if (!path_matches(r->path, request->path))
            continue;
        is_path_known = true;
        if (strcmp(r->method, request->method) != 0)
            continue;
        if (r->needs_user && !request->has_user)
            refuse(exchange, 401, "a session token is needed");
        else
            hand_to_worker(exchange, r->run);
        return;
    }
    refuse(exchange, is_path_known ? 405 : 404, is_path_known ? "method not allowed" : "not found");
}

/* Whom the request comes from, when it says so: 0, or the status to refuse it with. */
static int read_session(struct exchange *exchange, struct error *err)
{
    struct request *request = &exchange->request;
    const char *header =
        evhttp_find_header(evhttp_request_get_input_headers(exchange->http), "Authorization");

    if (!header)
        return 0;
    if (strncasecmp(header, "Bearer ", 7) != 0) {
        error_set(err, ERROR_DENIED, "write Authorization: Bearer and the session token");
        return 401;
    }
    if (server_verify(exchange->server, header + 7, &request->user, err) == 0) {
        request->has_user = true;
        return 0;
    }
    return err->code == ERROR_DENIED ? 401 : 503;
}

static const char *method_name(enum evhttp_cmd_type type)
{
    if (type == EVHTTP_REQ_GET || type == EVHTTP_REQ_HEAD)
        return "GET";
    return type == EVHTTP_REQ_POST ? "POST" : "OTHER";
}

static void fill_request(struct exchange *exchange)
{
    struct request *request = &exchange->request;
    struct evhttp_request *http = exchange->http;
    struct evbuffer *input = evhttp_request_get_input_buffer(http);
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(http);
    const char *query = evhttp_uri_get_query(uri);
    char *peer = NULL;
    ev_uint16_t port = 0;

    evhttp_connection_get_peer(evhttp_request_get_connection(http), &peer, &port);
    TAILQ_INIT(&exchange->query);
    if (query)
        evhttp_parse_query_str(query, &exchange->query);
    exchange->is_head = evhttp_request_get_command(http) == EVHTTP_REQ_HEAD;
    request->method = method_name(evhttp_request_get_command(http));
    request->path = evhttp_uri_get_path(uri);
    if (!request->path || *request->path == '\0')
        request->path = "/";
    exchange->peer = alloc_text(peer ? peer : "");
    request->peer = exchange->peer;
    request->if_none_match =
        evhttp_find_header(evhttp_request_get_input_headers(http), "If-None-Match");
    request->query = &exchange->query;
    request->length = evbuffer_get_length(input);
    exchange->body = alloc_zeroed(1, request->length + 1);
    evbuffer_remove(input, exchange->body, request->length);
    request->body = exchange->body;
}

void exchange_begin(struct evhttp_request *http, void *context)
{
    struct server *server = context;
    struct exchange *exchange = alloc_new(struct exchange);
    struct error err = { 0 };
    int status = 0;

    exchange->server = server;
    exchange->http = http;
    server->in_progress++;
    server->request_count++;
    fill_request(exchange);
    if (!limit_take(server->limit, exchange->request.peer, strlen(exchange->request.peer),
                    clock_now_ms())) {
        exchange->reply.retry_after_s = 1;
        refuse(exchange, 429, "too many requests");
        return;
    }
    status = read_session(exchange, &err);
    if (status != 0)
        refuse(exchange, status, err.text);
    else
        route(exchange);
}
