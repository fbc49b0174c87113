/* SPDX-License-Identifier: MIT */

/*
 * The front's relay of one port
 */

#include "supervise/front_relay.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/alloc.h"

#define BACKLOG_MAX 65536

struct relayed;

/* One of the two connections of a relayed one. */
struct side {
    struct relayed *relayed;
    struct side *other;
    struct bufferevent *stream;
    bool ended; /* nothing more comes from here */
};

struct relayed {
    TAILQ_ENTRY(relayed) entry;
    struct front_relay *relay;
    struct side sides[2];
};

struct front_relay {
    struct event_base *base;
    struct event *event;
    int listener;
    uint16_t port;
    int count;
    TAILQ_HEAD(, relayed) all;
};

static void relayed_free(struct relayed *relayed)
{
    for (int i = 0; i < 2; i++) {
        if (relayed->sides[i].stream)
            bufferevent_free(relayed->sides[i].stream);
    }
    TAILQ_REMOVE(&relayed->relay->all, relayed, entry);
    relayed->relay->count--;
    free(relayed);
}

/* Everything from `from` has been written to the other side: pass its end on. */
static void pass_end(struct side *from)
{
    struct bufferevent *to = from->other->stream;

    if (evbuffer_get_length(bufferevent_get_output(to)) > 0)
        return;
    shutdown(bufferevent_getfd(to), SHUT_WR);
    if (from->other->ended)
        relayed_free(from->relayed);
}

static void on_read(struct bufferevent *stream, void *context)
{
    struct side *side = context;
    struct bufferevent *to = side->other->stream;

    bufferevent_write_buffer(to, bufferevent_get_input(stream));
    if (evbuffer_get_length(bufferevent_get_output(to)) > BACKLOG_MAX)
        bufferevent_disable(stream, EV_READ);
}

/* The output of this side is empty. */
static void on_written(struct bufferevent *stream, void *context)
{
    struct side *side = context;

    (void)stream;
    if (side->other->ended) {
        pass_end(side->other);
    } else {
        bufferevent_enable(side->other->stream, EV_READ);
    }
}

static void on_event(struct bufferevent *stream, short what, void *context)
{
    struct side *side = context;

    if (what & BEV_EVENT_CONNECTED)
        return;
    if (!(what & BEV_EVENT_EOF)) {
        relayed_free(side->relayed);
        return;
    }
    side->ended = true;
    bufferevent_disable(stream, EV_READ);
    pass_end(side);
}

static void on_connection(evutil_socket_t fd, short what, void *context)
{
    struct front_relay *relay = context;
    const struct sockaddr_in target = {
        .sin_family = AF_INET,
        .sin_port = htons(relay->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct relayed *relayed = NULL;
    int connection = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)what;
    if (connection < 0)
        return;
    if (relay->count >= FRONT_RELAY_MAX) {
        close(connection);
        return;
    }
    relayed = alloc_new(struct relayed);
    relayed->relay = relay;
    TAILQ_INSERT_TAIL(&relay->all, relayed, entry);
    relay->count++;
    for (int i = 0; i < 2; i++) {
        struct side *side = &relayed->sides[i];

        side->relayed = relayed;
        side->other = &relayed->sides[!i];
        side->stream = bufferevent_socket_new(relay->base, i == 0 ? connection : -1,
                                              BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
        bufferevent_setcb(side->stream, on_read, on_written, on_event, side);
        bufferevent_enable(side->stream, EV_READ | EV_WRITE);
    }
    if (bufferevent_socket_connect(relayed->sides[1].stream, (const struct sockaddr *)&target,
                                   sizeof(target)) < 0)
        relayed_free(relayed);
}

struct front_relay *front_relay_new(struct event_base *base, int listener, uint16_t port)
{
    struct front_relay *relay = alloc_new(struct front_relay);

    relay->base = base;
    relay->listener = listener;
    relay->port = port;
    TAILQ_INIT(&relay->all);
    relay->event = event_new(base, listener, EV_READ | EV_PERSIST, on_connection, relay);
    event_add(relay->event, NULL);
    return relay;
}

void front_relay_free(struct front_relay *relay)
{
    if (!relay)
        return;
    while (!TAILQ_EMPTY(&relay->all))
        relayed_free(TAILQ_FIRST(&relay->all));
    event_free(relay->event);
    close(relay->listener);
    free(relay);
}
