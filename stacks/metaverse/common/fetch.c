/* SPDX-License-Identifier: MIT */

/*
 * Requests to other services
 *
 * One connection for each request. It may not be freed from within its own callback, so the
 * callback leaves that to the next turn of the loop.
 */

#include "common/fetch.h"

#include <event2/buffer.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

#define ANSWER_MAX (64 * 1024 * 1024)

struct fetch {
    struct fetch *next; /* in the list of those not freed yet */
    bool is_answered;
    struct event_base *base;
    struct evhttp_connection *connection;
    fetch_fn *done;
    void *context;
};

/* Requests belong to loops, and loops to one thread: so does this list. */
static struct fetch *fetches;

static const struct {
    const char *name;
    enum evhttp_cmd_type type;
} methods[] = {
    { "GET", EVHTTP_REQ_GET }, { "HEAD", EVHTTP_REQ_HEAD },     { "POST", EVHTTP_REQ_POST },
    { "PUT", EVHTTP_REQ_PUT }, { "DELETE", EVHTTP_REQ_DELETE },
};

struct evdns_base *fetch_open_resolver(struct event_base *base)
{
    struct evdns_base *resolver = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);

    if (!resolver)
        abort();
    /* Without that file there is no name server, and names of /etc/hosts still resolve. */
    evdns_base_resolv_conf_parse(resolver, DNS_OPTIONS_ALL, "/etc/resolv.conf");
    evdns_base_set_option(resolver, "randomize-case:", "0");
    evdns_base_set_option(resolver, "timeout:", "2");
    evdns_base_set_option(resolver, "attempts:", "2");
    return resolver;
}

static void free_fetch(struct fetch *fetch)
{
    struct fetch **link = &fetches;

    while (*link != fetch)
        link = &(*link)->next;
    *link = fetch->next;
    if (fetch->connection)
        evhttp_connection_free(fetch->connection);
    free(fetch);
}

static void free_later(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    free_fetch(context);
}

static void on_answer(struct evhttp_request *http, void *context)
{
    struct fetch *fetch = context;
    struct fetch_answer answer = { .body = "", .replica = "" };
    AUTO_FREE char *body = NULL;

    if (http && evhttp_request_get_response_code(http) != 0) {
        struct evbuffer *input = evhttp_request_get_input_buffer(http);
        const char *replica =
            evhttp_find_header(evhttp_request_get_input_headers(http), "X-Replica");

        answer.status = evhttp_request_get_response_code(http);
        answer.length = evbuffer_get_length(input);
        body = alloc_zeroed(1, answer.length + 1);
        evbuffer_remove(input, body, answer.length);
        answer.body = body;
        answer.replica = replica ? replica : "";
    }
    fetch->is_answered = true;
    fetch->done(fetch->context, &answer);
    event_base_once(fetch->base, -1, EV_TIMEOUT, free_later, fetch, NULL);
}

static int find_method(const char *name, enum evhttp_cmd_type *type_out, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        if (strcmp(methods[i].name, name) == 0) {
            *type_out = methods[i].type;
            return 0;
        }
    }
    return error_set(err, ERROR_INVALID, "method '%s' is not known", name);
}

static void add_headers(struct evhttp_request *http, const char *host,
                        const struct fetch_request *request)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(http);
    char text[600];

    evhttp_add_header(headers, "Host", host);
    evhttp_add_header(headers, "Connection", "close");
    if (request->bearer) {
        snprintf(text, sizeof(text), "Bearer %s", request->bearer);
        evhttp_add_header(headers, "Authorization", text);
    }
    if (request->body) {
        evhttp_add_header(headers, "Content-Type", "application/json");
        evbuffer_add(evhttp_request_get_output_buffer(http), request->body, strlen(request->body));
    }
}

/* Path and query of an URL as they stand in a request line; the caller frees it. */
static char *target_of(const struct evhttp_uri *uri)
{
    const char *path = evhttp_uri_get_path(uri);
    const char *query = evhttp_uri_get_query(uri);

    return alloc_format("%s%s%s", path && *path ? path : "/", query ? "?" : "", query ? query : "");
}

static int start(struct fetch *fetch, struct evdns_base *resolver, const struct evhttp_uri *uri,
                 const struct fetch_request *request, struct error *err)
{
    const char *host = evhttp_uri_get_host(uri);
    int port = evhttp_uri_get_port(uri);
    AUTO_FREE char *target = target_of(uri);
    struct timeval timeout = { request->timeout_ms / 1000, request->timeout_ms % 1000 * 1000 };
    enum evhttp_cmd_type type = EVHTTP_REQ_GET;
    struct evhttp_request *http = NULL;

    if (find_method(request->method, &type, err) < 0)
        return -1;
    fetch->connection = evhttp_connection_base_new(fetch->base, resolver, host,
                                                   (unsigned short)(port < 0 ? 80 : port));
    http = evhttp_request_new(on_answer, fetch);
    if (!fetch->connection || !http)
        return error_set(err, ERROR_SYSTEM, "out of memory");
    evhttp_connection_set_family(fetch->connection, AF_INET);
    evhttp_connection_set_timeout_tv(fetch->connection, &timeout);
    evhttp_connection_set_max_body_size(fetch->connection, ANSWER_MAX);
    add_headers(http, host, request);
    if (evhttp_make_request(fetch->connection, http, type, target) < 0)
        return error_set(err, ERROR_SYSTEM, "cannot connect to '%s'", host);
    return 0;
}

int fetch_start(struct event_base *base, struct evdns_base *resolver,
                const struct fetch_request *request, fetch_fn *done, void *context,
                struct error *err)
{
    struct evhttp_uri *uri = evhttp_uri_parse(request->url);
    struct fetch *fetch = NULL;
    int result = 0;

    if (!uri || !evhttp_uri_get_host(uri) || !evhttp_uri_get_scheme(uri) ||
        strcmp(evhttp_uri_get_scheme(uri), "http") != 0) {
        if (uri)
            evhttp_uri_free(uri);
        return error_set(err, ERROR_INVALID, "'%s' is no address: write http://host:port/path",
                         request->url);
    }
    fetch = alloc_new(struct fetch);
    *fetch = (struct fetch){ .base = base, .done = done, .context = context, .next = fetches };
    fetches = fetch;
    result = start(fetch, resolver, uri, request, err);
    if (result < 0)
        free_fetch(fetch);
    evhttp_uri_free(uri);
    return result;
}

void fetch_give_up(void)
{
    while (fetches) {
        struct fetch *fetch = fetches;
        struct fetch_answer answer = { .body = "", .replica = "" };

        if (!fetch->is_answered)
            fetch->done(fetch->context, &answer);
        free_fetch(fetch);
    }
}

static void keep_answer(void *context, const struct fetch_answer *answer)
{
    struct fetch_result *result = context;

    result->status = answer->status;
    result->body = alloc_text_part(answer->body, answer->length);
    result->length = answer->length;
    snprintf(result->replica, sizeof(result->replica), "%s", answer->replica);
}

int fetch_wait(const struct fetch_request *request, struct fetch_result *result_out,
               struct error *err)
{
    struct event_base *base = event_base_new();
    struct evdns_base *resolver = NULL;
    struct fetch_result result = { 0 };
    int started = 0;

    if (!base)
        return error_set(err, ERROR_SYSTEM, "cannot make an event loop");
    resolver = fetch_open_resolver(base);
    started = fetch_start(base, resolver, request, keep_answer, &result, err);
    /* The loop ends by itself once the answer came and the connection is gone. */
    if (started == 0)
        event_base_dispatch(base);
    evdns_base_free(resolver, 0);
    event_base_free(base);
    if (started < 0)
        return -1;
    if (result.status == 0) {
        free(result.body);
        return error_set(err, ERROR_TIMEOUT, "no answer from %s", request->url);
    }
    *result_out = result;
    return 0;
}
