/* SPDX-License-Identifier: MIT */

/*
 * A server: the loop, the socket, the workers, and the end
 *
 * What happens to one request stands in exchange.c.
 */

#include "common/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/exchange.h"
#include "common/fetch.h"
#include "common/keyring.h"
#include "common/limit.h"
#include "common/server_state.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/log.h"

#define BACKLOG 1024
#define HEADERS_MAX 16384
#define STOP_LIMIT_MS 4000  /* what is not finished by then is given up */
#define STOP_POLL_MS 20     /* how often an ending server looks whether it is done */
#define ACCEPT_PAUSE_MS 100 /* after running out of descriptors */
#define KEY_RELOAD_MS 1000  /* how often a missing or changed public key is looked for */

const struct config_row server_config_rows[] = {
#define ROW(name_, member_, kind_, fallback_, min_, max_, doc_)                        \
    {                                                                                  \
        .name = (name_), .offset = offsetof(struct server_config, member_),            \
        .kind = CONFIG_##kind_, .fallback = (fallback_), .min = (min_), .max = (max_), \
        .doc = (doc_),                                                                 \
    }
    ROW("PORT", port, NUMBER, "8000", 1, 65535, "TCP port of HTTP."),
    ROW("BIND", bind, TEXT, "0.0.0.0", 0, 0, "IPv4 address to listen on."),
    ROW("DATA_DIR", data_folder, TEXT, "/data", 0, 0, "Folder of the database."),
    ROW("KEY_DIR", key_folder, TEXT, "/keys", 0, 0, "Folder of the public key of tokens."),
    ROW("WORKERS", workers, NUMBER, "2", 1, 64, "Threads that handle requests."),
    ROW("QUEUE_MAX", queue_max, NUMBER, "512", 1, 65536, "Requests that may wait for one."),
    ROW("BODY_MAX", body_max, NUMBER, "8388608", 1024, 268435456, "Bytes of a request's body."),
    ROW("IDLE_SECONDS", idle_s, NUMBER, "60", 1, 3600, "How long a connection may be silent."),
    ROW("DRAIN_MS", drain_ms, NUMBER, "300", 0, 60000, "How long a stopping server accepts."),
    ROW("HTTP_RATE", rate, NUMBER, "0", 0, 1000000, "Requests a second and client; 0: any."),
    ROW("PEERS", peers, TEXT,
        "login=http://login:8000 asset=http://asset:8080 map=http://map:8070 "
        "game=http://game:8050",
        0, 0, "What /v1/peers asks."),
    { 0 },
#undef ROW
};

static int listen_on(const struct server_config *config, struct error *err)
{
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = { .sin_family = AF_INET };
    int on = 1;

    address.sin_port = htons((uint16_t)config->port);
    if (fd < 0)
        return error_set_errno(err, errno, "make a socket");
    if (inet_pton(AF_INET, config->bind, &address.sin_addr) != 1)
        return error_set(err, ERROR_INVALID, "BIND is '%s': write an IPv4 address", config->bind);
    /* Accepted sockets inherit TCP_NODELAY, without which small answers wait. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, BACKLOG) < 0)
        return error_set_errno(err, errno, "listen on %s:%d", config->bind, (int)config->port);
    return STEAL_FD(fd);
}

static void resume_accepting(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    evconnlistener_enable(context);
}

/* Out of descriptors: without a pause the loop would spin on the waiting connection. */
static void on_accept_error(struct evconnlistener *listener, void *context)
{
    struct timeval pause = { 0, ACCEPT_PAUSE_MS * 1000 };

    (void)context;
    evconnlistener_disable(listener);
    event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT, resume_accepting, listener,
                    &pause);
}

static int open_http(struct server *server, struct error *err)
{
    const struct server_config *config = server->options.config;
    int fd = listen_on(config, err);

    if (fd < 0)
        return -1;
    server->http = evhttp_new(server->base);
    server->socket = evhttp_accept_socket_with_handle(server->http, fd);
    if (!server->socket) {
        close(fd);
        return error_set(err, ERROR_SYSTEM, "cannot accept connections");
    }
    evconnlistener_set_error_cb(evhttp_bound_socket_get_listener(server->socket), on_accept_error);
    evhttp_set_timeout(server->http, (int)config->idle_s);
    evhttp_set_max_headers_size(server->http, HEADERS_MAX);
    evhttp_set_max_body_size(server->http, (ev_ssize_t)config->body_max);
    evhttp_set_allowed_methods(server->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
                                                 EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
                                                 EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
    evhttp_set_gencb(server->http, exchange_begin, server);
    return 0;
}

/* Finished: nothing is in progress and nobody new may come. */
static void look_whether_done(evutil_socket_t fd, short events, void *context)
{
    struct server *server = context;
    int64_t elapsed_ms = clock_now_ms() - server->stopping_since_ms;

    (void)fd;
    (void)events;
    if (elapsed_ms < server->options.config->drain_ms)
        return;
    if (server->socket) {
        evhttp_del_accept_socket(server->http, server->socket);
        server->socket = NULL;
        return;
    }
    if (server->in_progress == 0 || elapsed_ms > server->options.config->drain_ms + STOP_LIMIT_MS)
        event_base_loopbreak(server->base);
}

static void on_stop_signal(evutil_socket_t number, short events, void *context)
{
    struct server *server = context;
    struct timeval period = { 0, STOP_POLL_MS * 1000 };

    (void)events;
    if (server->is_stopping)
        return;
    log_info("stopping", LOG_INT("signal", number),
             LOG_INT("in_progress", (int64_t)server->in_progress));
    server->is_stopping = true;
    server->stopping_since_ms = clock_now_ms();
    if (server->options.stop)
        server->options.stop(server->options.context);
    event_add(server->stop_timer, &period);
}

static void on_work_done(evutil_socket_t fd, short events, void *context)
{
    struct server *server = context;

    (void)fd;
    (void)events;
    work_collect(server->work);
}

static int open_events(struct server *server, struct error *err)
{
    static const int numbers[] = { SIGTERM, SIGINT };
    sigset_t set;

    server->work_event = event_new(server->base, work_get_fd(server->work), EV_READ | EV_PERSIST,
                                   on_work_done, server);
    server->stop_timer = event_new(server->base, -1, EV_PERSIST, look_whether_done, server);
    sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        server->signals[i] = evsignal_new(server->base, numbers[i], on_stop_signal, server);
        if (!server->signals[i] || event_add(server->signals[i], NULL) < 0)
            return error_set(err, ERROR_SYSTEM, "cannot handle signals");
        sigaddset(&set, numbers[i]);
    }
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    if (!server->work_event || !server->stop_timer || event_add(server->work_event, NULL) < 0)
        return error_set(err, ERROR_SYSTEM, "cannot make an event");
    return 0;
}

int server_open(const struct server_options *options, struct server **server_out, struct error *err)
{
    struct server *server = alloc_new(struct server);
    struct work_options work = {
        .threads = (size_t)options->config->workers,
        .queue_max = (size_t)options->config->queue_max,
        .run = exchange_run,
        .release = exchange_release,
        .done = exchange_finish,
        .context = server,
    };

    /* Bodies and hashing memory go back to the kernel at once, and threads share one heap. */
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    signal(SIGPIPE, SIG_IGN);
    server->options = *options;
    server->limit = limit_new(options->config->rate, options->config->rate * 2);
    pthread_mutex_init(&server->key_lock, NULL);
    server->key_read_ms = -KEY_RELOAD_MS;
    server->base = event_base_new();
    if (!server->base) {
        server_close(server);
        return error_set(err, ERROR_SYSTEM, "cannot make an event loop");
    }
    server->resolver = fetch_open_resolver(server->base);
    if (work_open(&work, &server->work, err) < 0 || open_events(server, err) < 0 ||
        open_http(server, err) < 0) {
        server_close(server);
        return -1;
    }
    log_info("listening", LOG_INT("port", options->config->port));
    *server_out = server;
    return 0;
}

void server_close(struct server *server)
{
    if (!server)
        return;
    work_close(server->work);
    if (server->http)
        evhttp_free(server->http);
    for (size_t i = 0; i < ARRAY_SIZE(server->signals); i++)
        if (server->signals[i])
            event_free(server->signals[i]);
    if (server->work_event)
        event_free(server->work_event);
    if (server->stop_timer)
        event_free(server->stop_timer);
    if (server->resolver)
        evdns_base_free(server->resolver, 0);
    if (server->base)
        event_base_free(server->base);
    pthread_mutex_destroy(&server->key_lock);
    limit_free(server->limit);
    free(server);
}

void server_run(struct server *server)
{
    event_base_dispatch(server->base);
    fetch_give_up();
    log_info("stopped", LOG_INT("requests", server->request_count),
             LOG_INT("unfinished", (int64_t)server->in_progress));
}

int server_serve(const struct server_options *options, struct error *err)
{
    struct server *server = NULL;

    if (server_open(options, &server, err) < 0)
        return -1;
    server_run(server);
    server_close(server);
    return 0;
}

struct event_base *server_get_base(struct server *server)
{
    return server->base;
}

struct evdns_base *server_get_resolver(struct server *server)
{
    return server->resolver;
}

/*
 * The public key is small and may come later than this server, or be another one after a
 * volume was made anew; so it is read again, but not for every request.
 */
static int read_key(struct server *server, unsigned char key_out[TOKEN_PUBLIC_SIZE],
                    struct error *err)
{
    int64_t now_ms = clock_now_ms();
    int result = 0;

    pthread_mutex_lock(&server->key_lock);
    if (now_ms - server->key_read_ms >= KEY_RELOAD_MS) {
        server->key_read_ms = now_ms;
        server->has_key =
            keyring_load_public(server->options.config->key_folder, server->key, err) == 0;
        result = server->has_key ? 0 : -1;
    } else if (!server->has_key) {
        result = error_set(err, ERROR_NOT_FOUND, "there is no public key yet");
    }
    memcpy(key_out, server->key, TOKEN_PUBLIC_SIZE);
    pthread_mutex_unlock(&server->key_lock);
    return result;
}

int server_verify(struct server *server, const char *token, struct token_claims *claims_out,
                  struct error *err)
{
    unsigned char key[TOKEN_PUBLIC_SIZE];

    if (read_key(server, key, err) < 0)
        return -1;
    return token_verify(token, key, clock_wall_ms() / 1000, claims_out, err);
}
