/* SPDX-License-Identifier: MIT */

/*
 * The front's name server of one network
 *
 * A question that is passed on keeps the client's packet, so that the answer can be compared
 * and the client's id be put back. Over UDP it has a socket of its own; over TCP a connection
 * of its own, and its client is not read until it is answered: one question at a time.
 */

#include "supervise/front_dns.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/dns.h"
#include "supervise/front_message.h"
#include "supervise/front_names.h"
#include "util/alloc.h"
#include "util/cleanup.h"

#define PACKETS_AT_ONCE 64
#define PATIENCE_S 2
#define ATTEMPTS_MAX 4
#define SILENCE_S 10
#define BACKLOG_MAX 65536

struct client {
    TAILQ_ENTRY(client) entry;
    struct front_dns *dns;
    struct bufferevent *stream;
    uint32_t address;
    struct question *question; /* under way, or NULL */
};

struct question {
    TAILQ_ENTRY(question) entry;
    struct front_dns *dns;
    struct client *client; /* over TCP, else NULL */
    struct sockaddr_storage address;
    socklen_t address_length;
    int fd;
    struct event *event;        /* over UDP */
    struct bufferevent *stream; /* over TCP */
    uint32_t attempt;
    uint8_t id[2]; /* the client's */
    size_t length;
    uint8_t query[DNS_PACKET_MAX]; /* with our id */
};

struct front_dns {
    struct event_base *base;
    int udp, tcp;
    struct event *udp_event, *tcp_event;
    const struct front_names_network *names;
    const struct front_upstreams *upstreams;
    size_t question_count, client_count;
    TAILQ_HEAD(, question) questions;
    TAILQ_HEAD(, client) clients;
};

static void ask_next(struct question *question);

static void question_free(struct question *question)
{
    if (question->client) {
        question->client->question = NULL;
        bufferevent_enable(question->client->stream, EV_READ);
        /* The next question may have been read already. */
        bufferevent_trigger(question->client->stream, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
    }
    if (question->event)
        event_free(question->event);
    if (question->stream)
        bufferevent_free(question->stream);
    if (question->fd >= 0)
        close(question->fd);
    TAILQ_REMOVE(&question->dns->questions, question, entry);
    question->dns->question_count--;
    free(question);
}

static void client_free(struct client *client)
{
    if (client->question) {
        struct question *question = client->question;

        question->client = NULL;
        question_free(question);
    }
    bufferevent_free(client->stream);
    TAILQ_REMOVE(&client->dns->clients, client, entry);
    client->dns->client_count--;
    free(client);
}

static void send_to_client(struct client *client, const uint8_t *answer, size_t length)
{
    const uint8_t head[2] = { (uint8_t)(length >> 8), (uint8_t)length };

    bufferevent_write(client->stream, head, sizeof(head));
    bufferevent_write(client->stream, answer, length);
}

/* Give `answer` (with the client's id) to the one who asked; the question ends. */
static void finish(struct question *question, uint8_t *answer, size_t length)
{
    if (length >= sizeof(question->id)) {
        memcpy(answer, question->id, sizeof(question->id));
        if (question->client) {
            send_to_client(question->client, answer, length);
        } else {
            sendto(question->dns->udp, answer, length, MSG_DONTWAIT,
                   (const struct sockaddr *)&question->address, question->address_length);
        }
    }
    question_free(question);
}

static void fail(struct question *question)
{
    uint8_t answer[512];

    finish(question, answer,
           dns_refuse(question->query, question->length, true, answer, sizeof(answer)));
}

static void on_udp_answer(evutil_socket_t fd, short what, void *context)
{
    struct question *question = context;
    uint8_t answer[DNS_PACKET_MAX];
    ssize_t got = 0;

    if (what & EV_TIMEOUT) {
        ask_next(question);
        return;
    }
    got = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got < 0) {
        ask_next(question);
    } else if (dns_is_reply_to(answer, (size_t)got, question->query, question->length)) {
        finish(question, answer, (size_t)got);
    }
}

static void on_tcp_answer(struct bufferevent *stream, void *context)
{
    struct question *question = context;
    struct evbuffer *in = bufferevent_get_input(stream);
    uint8_t head[2];
    uint8_t *answer = NULL;
    size_t length = 0;

    if (evbuffer_copyout(in, head, sizeof(head)) < (ssize_t)sizeof(head))
        return;
    length = (size_t)head[0] << 8 | head[1];
    if (evbuffer_get_length(in) < sizeof(head) + length)
        return;
    answer = evbuffer_pullup(in, (ssize_t)(sizeof(head) + length)) + sizeof(head);
    if (dns_is_reply_to(answer, length, question->query, question->length)) {
        finish(question, answer, length);
    } else {
        ask_next(question);
    }
}

static void on_tcp_trouble(struct bufferevent *stream, short what, void *context)
{
    (void)stream;
    if (!(what & BEV_EVENT_CONNECTED))
        ask_next(context);
}

static bool ask_over_udp(struct question *question, const struct sockaddr *server, socklen_t size)
{
    const struct timeval patience = { .tv_sec = PATIENCE_S };

    question->fd = socket(server->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (question->fd < 0 || connect(question->fd, server, size) < 0 ||
        send(question->fd, question->query, question->length, 0) < 0)
        return false;
    question->event =
        event_new(question->dns->base, question->fd, EV_READ | EV_PERSIST, on_udp_answer, question);
    event_add(question->event, &patience);
    return true;
}

static bool ask_over_tcp(struct question *question, const struct sockaddr *server, int size)
{
    const struct timeval patience = { .tv_sec = PATIENCE_S };
    const uint8_t head[2] = { (uint8_t)(question->length >> 8), (uint8_t)question->length };

    question->stream = bufferevent_socket_new(question->dns->base, -1,
                                              BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    bufferevent_setcb(question->stream, on_tcp_answer, NULL, on_tcp_trouble, question);
    bufferevent_set_timeouts(question->stream, &patience, &patience);
    bufferevent_write(question->stream, head, sizeof(head));
    bufferevent_write(question->stream, question->query, question->length);
    bufferevent_enable(question->stream, EV_READ | EV_WRITE);
    /* A connection that fails at once is told through on_tcp_trouble(), later. */
    return bufferevent_socket_connect(question->stream, server, size) == 0;
}

static void drop_attempt(struct question *question)
{
    if (question->event)
        event_free(STEAL_PTR(question->event));
    if (question->stream)
        bufferevent_free(STEAL_PTR(question->stream));
    if (question->fd >= 0)
        close(STEAL_FD(question->fd));
}

/* Ask the next server, or say that none answers. */
static void ask_next(struct question *question)
{
    const struct front_upstreams *upstreams = question->dns->upstreams;

    drop_attempt(question);
    while (upstreams->count > 0 && question->attempt < ATTEMPTS_MAX) {
        const struct sockaddr_in6 *server =
            &upstreams->servers[question->attempt++ % upstreams->count];
        socklen_t size = server->sin6_family == AF_INET ? sizeof(struct sockaddr_in)
                                                        : sizeof(struct sockaddr_in6);
        bool asked = false;

        if (getrandom(question->query, sizeof(question->id), 0) < 0)
            break;
        if (question->client) {
            asked = ask_over_tcp(question, (const struct sockaddr *)server, (int)size);
        } else {
            asked = ask_over_udp(question, (const struct sockaddr *)server, size);
        }
        if (asked)
            return;
        drop_attempt(question);
    }
    fail(question);
}

static struct question *question_new(struct front_dns *dns, const uint8_t *query, size_t length)
{
    struct question *question = alloc_new(struct question);

    question->dns = dns;
    question->fd = -1;
    question->length = length;
    memcpy(question->query, query, length);
    memcpy(question->id, query, sizeof(question->id));
    TAILQ_INSERT_TAIL(&dns->questions, question, entry);
    dns->question_count++;
    return question;
}

/* A query and who sent it. */
struct asked {
    const uint8_t *query;
    size_t length;
    uint32_t asker;
    bool over_tcp;
};

static uint32_t address_of(const struct sockaddr_storage *from)
{
    struct sockaddr_in address;

    memcpy(&address, from, sizeof(address));
    return address.sin_family == AF_INET ? ntohl(address.sin_addr.s_addr) : 0;
}

static size_t count_questions(const struct front_dns *dns, uint32_t asker)
{
    const struct question *question = NULL;
    size_t count = 0;

    TAILQ_FOREACH(question, &dns->questions, entry)
    count +=
        asker == (question->client ? question->client->address : address_of(&question->address));
    return count;
}

/*
 * What to say at once: the length of `answer`, or 0 for nothing, with *forward_out true where
 * somebody else must be asked.
 */
static size_t answer_at_once(const struct front_dns *dns, const struct asked *asked,
                             uint8_t answer[DNS_PACKET_MAX], bool *forward_out)
{
    const uint8_t *query = asked->query;
    size_t length = asked->length;
    size_t limit = asked->over_tcp ? DNS_PACKET_MAX : dns_udp_limit(query, length);
    size_t answer_length = 0;
    struct dns_view view;
    bool may_forward = front_names_look(dns->names, asked->asker, &view);

    switch (dns_answer(&view, query, length, answer, MIN(limit, (size_t)DNS_PACKET_MAX),
                       &answer_length)) {
    case DNS_ANSWERED:
        return answer_length;
    case DNS_DROP:
        return 0;
    case DNS_FORWARD:
        break;
    }
    if (!may_forward || dns->upstreams->count == 0)
        return dns_refuse(query, length, false, answer, limit);
    if (dns->question_count >= FRONT_DNS_QUESTIONS_MAX || length > DNS_PACKET_MAX ||
        count_questions(dns, asked->asker) >= FRONT_DNS_QUESTIONS_OF_ONE)
        return dns_refuse(query, length, true, answer, limit);
    *forward_out = true;
    return 0;
}

static void on_udp_query(evutil_socket_t fd, short what, void *context)
{
    struct front_dns *dns = context;

    (void)what;
    for (int i = 0; i < PACKETS_AT_ONCE; i++) {
        struct sockaddr_storage address;
        socklen_t address_length = sizeof(address);
        uint8_t query[DNS_PACKET_MAX];
        uint8_t answer[DNS_PACKET_MAX];
        bool forward = false;
        ssize_t got = recvfrom(fd, query, sizeof(query), MSG_DONTWAIT, (struct sockaddr *)&address,
                               &address_length);
        struct asked asked;
        size_t length = 0;

        if (got < 0)
            return;
        asked = (struct asked){ query, (size_t)got, address_of(&address), false };
        length = answer_at_once(dns, &asked, answer, &forward);
        if (length > 0) {
            sendto(fd, answer, length, MSG_DONTWAIT, (const struct sockaddr *)&address,
                   address_length);
        }
        if (forward) {
            struct question *question = question_new(dns, query, (size_t)got);

            question->address = address;
            question->address_length = address_length;
            ask_next(question);
        }
    }
}

static void on_client_query(struct bufferevent *stream, void *context)
{
    struct client *client = context;
    struct evbuffer *in = bufferevent_get_input(stream);
    uint8_t head[2];

    /* Whoever does not read the answers is not listened to: on_client_written() goes on. */
    while (!client->question && evbuffer_get_length(bufferevent_get_output(stream)) < BACKLOG_MAX &&
           evbuffer_copyout(in, head, sizeof(head)) == sizeof(head)) {
        size_t length = (size_t)head[0] << 8 | head[1];
        uint8_t query[DNS_PACKET_MAX];
        uint8_t answer[DNS_PACKET_MAX];
        struct asked asked = { query, length, client->address, true };
        bool forward = false;

        if (length > sizeof(query)) {
            client_free(client);
            return;
        }
        if (evbuffer_get_length(in) < sizeof(head) + length)
            return;
        evbuffer_drain(in, sizeof(head));
        evbuffer_remove(in, query, length);
        length = answer_at_once(client->dns, &asked, answer, &forward);
        if (length > 0)
            send_to_client(client, answer, length);
        if (forward) {
            struct question *question = question_new(client->dns, query, asked.length);

            question->client = client;
            client->question = question;
            bufferevent_disable(stream, EV_READ);
            ask_next(question);
        }
    }
}

static void on_client_written(struct bufferevent *stream, void *context)
{
    on_client_query(stream, context);
}

static void on_client_gone(struct bufferevent *stream, short what, void *context)
{
    (void)stream;
    (void)what;
    client_free(context);
}

static size_t count_clients(const struct front_dns *dns, uint32_t address)
{
    const struct client *client = NULL;
    size_t count = 0;

    TAILQ_FOREACH(client, &dns->clients, entry)
    count += client->address == address;
    return count;
}

static void on_connection(evutil_socket_t fd, short what, void *context)
{
    struct front_dns *dns = context;
    const struct timeval silence = { .tv_sec = SILENCE_S };
    struct client *client = NULL;
    struct sockaddr_storage address = { 0 };
    socklen_t length = sizeof(address);
    int connection =
        accept4(fd, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)what;
    if (connection < 0)
        return;
    if (dns->client_count >= FRONT_DNS_CLIENTS_MAX ||
        count_clients(dns, address_of(&address)) >= FRONT_DNS_CLIENTS_OF_ONE) {
        close(connection);
        return;
    }
    client = alloc_new(struct client);
    client->dns = dns;
    client->address = address_of(&address);
    client->stream = bufferevent_socket_new(dns->base, connection, BEV_OPT_CLOSE_ON_FREE);
    TAILQ_INSERT_TAIL(&dns->clients, client, entry);
    dns->client_count++;
    bufferevent_setcb(client->stream, on_client_query, on_client_written, on_client_gone, client);
    bufferevent_setwatermark(client->stream, EV_READ, 0, DNS_PACKET_MAX * 2);
    bufferevent_set_timeouts(client->stream, &silence, &silence);
    bufferevent_enable(client->stream, EV_READ | EV_WRITE);
}

struct front_dns *front_dns_new(struct event_base *base, const int sockets[2],
                                const struct front_names_network *names,
                                const struct front_upstreams *upstreams)
{
    struct front_dns *dns = alloc_new(struct front_dns);

    dns->base = base;
    dns->udp = sockets[0];
    dns->tcp = sockets[1];
    dns->names = names;
    dns->upstreams = upstreams;
    TAILQ_INIT(&dns->questions);
    TAILQ_INIT(&dns->clients);
    dns->udp_event = event_new(base, dns->udp, EV_READ | EV_PERSIST, on_udp_query, dns);
    dns->tcp_event = event_new(base, dns->tcp, EV_READ | EV_PERSIST, on_connection, dns);
    return dns;
}

void front_dns_free(struct front_dns *dns)
{
    if (!dns)
        return;
    while (!TAILQ_EMPTY(&dns->clients))
        client_free(TAILQ_FIRST(&dns->clients));
    while (!TAILQ_EMPTY(&dns->questions))
        question_free(TAILQ_FIRST(&dns->questions));
    event_free(dns->udp_event);
    event_free(dns->tcp_event);
    close(dns->udp);
    close(dns->tcp);
    free(dns);
}

void front_dns_serve(struct front_dns *dns)
{
    event_add(dns->udp_event, NULL);
    event_add(dns->tcp_event, NULL);
}
