/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/dns.h"
#include "supervise/front.h"
#include "supervise/front_child.h"
#include "supervise/front_dns.h"
#include "supervise/front_message.h"
#include "supervise/front_names.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

#define LOOPBACK 0x7f000001u
#define PATIENCE_MS 5000

struct fixture {
    struct event_base *base;
    struct front *front;
    int ended;
    uint32_t hidden_asker;
};

static void on_ended(void *context, const char *reason)
{
    struct fixture *f = context;

    assert_non_null(reason);
    f->ended++;
}

static int set_up(void **state)
{
    struct fixture *f = alloc_new(struct fixture);
    struct error err = { 0 };

    f->base = event_base_new();
    *state = f;
    return front_start(f->base, on_ended, f, &f->front, &err);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    front_stop(f->front);
    event_base_free(f->base);
    free(f);
    return 0;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in address = { 0 };
    socklen_t length = sizeof(address);

    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin_port);
}

static int connect_to(int type, uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(LOOPBACK),
    };
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* A query for the address of `name`, written with dots; returns its length. */
static size_t make_query(const char *name, uint8_t *out)
{
    static const uint8_t head[12] = { 0xab, 0xcd, 1, 0, 0, 1 };
    static const uint8_t tail[5] = { 0, 0, 1, 0, 1 };
    size_t length = sizeof(head);

    memcpy(out, head, sizeof(head));
    while (*name) {
        size_t label = strcspn(name, ".");

        out[length++] = (uint8_t)label;
        memcpy(out + length, name, label);
        length += label;
        name += label + (name[label] == '.');
    }
    memcpy(out + length, tail, sizeof(tail));
    return length + sizeof(tail);
}

static size_t receive(int fd, uint8_t *out, size_t size)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    ssize_t got = 0;

    assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
    got = recv(fd, out, size, 0);
    assert_true(got >= 0);
    return (size_t)got;
}

/* Names of a network that the asker is on if `hidden_asker` says so. */
static int set_hidden_names(struct fixture *f)
{
    struct dns_table table = { 0 };
    struct error err = { 0 };
    int sockets[2] = { -1, -1 };
    int result;

    assert_int_equal(front_open_sockets(LOOPBACK, 0, &sockets[0], &sockets[1], &err), 0);
    dns_table_add(&table, "vault", 0x0a090909);
    result = front_set_network(f->front, "hidden", sockets, true, &err);
    if (result == 0)
        result = front_set_names(f->front, "hidden", &table, &f->hidden_asker, 1, &err);
    dns_table_done(&table);
    close(sockets[0]);
    close(sockets[1]);
    return result;
}

/* Serve login at 10.9.8.7 on a network; returns a socket to ask on. */
static int serve(struct fixture *f, int type)
{
    struct dns_table table = { .suffix = "front.shop" };
    struct error err = { 0 };
    int sockets[2] = { -1, -1 };
    uint16_t port = 0;

    assert_int_equal(front_open_sockets(LOOPBACK, 0, &sockets[0], &sockets[1], &err), 0);
    dns_table_add(&table, "login", 0x0a090807);
    port = port_of(sockets[type == SOCK_STREAM]);
    if (front_set_network(f->front, "front", sockets, true, &err) < 0 ||
        front_set_names(f->front, "front", &table, NULL, 0, &err) < 0 || set_hidden_names(f) < 0 ||
        front_use_names(f->front, &err) < 0)
        fail_msg("%s", err.text);
    dns_table_done(&table);
    close(sockets[0]);
    close(sockets[1]);
    return connect_to(type, port);
}

static void expect_login(const uint8_t *answer, size_t length)
{
    static const uint8_t address[4] = { 10, 9, 8, 7 };

    assert_true(length > 16);
    assert_int_equal(answer[0], 0xab);
    assert_int_equal(answer[3] & 15, 0);
    assert_non_null(memmem(answer, length, address, sizeof(address)));
}

/* A query that comes before the names waits for them. */
static size_t ask(int fd, uint8_t *answer, size_t size)
{
    uint8_t query[64];
    size_t length = make_query("login", query);

    assert_int_equal(send(fd, query, length, 0), length);
    return receive(fd, answer, size);
}

static void a_name_is_answered_over_udp(void **state)
{
    struct fixture *f = *state;
    uint8_t answer[512];
    int fd = serve(f, SOCK_DGRAM);

    expect_login(answer, ask(fd, answer, sizeof(answer)));
    close(fd);
}

static void a_name_is_answered_over_tcp(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[66];
    uint8_t answer[512];
    int fd = serve(f, SOCK_STREAM);
    size_t length = make_query("login", packet + 2);
    size_t got = 0;

    packet[0] = 0;
    packet[1] = (uint8_t)length;
    /* In two pieces, as a stream may come. */
    assert_int_equal(send(fd, packet, 5, 0), 5);
    assert_int_equal(send(fd, packet + 5, length - 3, 0), length - 3);
    while (got < 2 || got < 2 + ((size_t)answer[0] << 8 | answer[1]))
        got += receive(fd, answer + got, sizeof(answer) - got);
    expect_login(answer + 2, got - 2);
    close(fd);
}

static void s29_names_of_another_network_are_for_its_own_askers(void **state)
{
    static const uint32_t askers[] = { 0x0a090807, LOOPBACK };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(askers); i++) {
        uint8_t query[64];
        uint8_t answer[512];
        size_t length = make_query("vault", query);
        int fd;

        f->hidden_asker = askers[i];
        fd = serve(f, SOCK_DGRAM);
        assert_int_equal(send(fd, query, length, 0), length);
        assert_true(receive(fd, answer, sizeof(answer)) >= 12);
        assert_int_equal(answer[3] & 15, askers[i] == LOOPBACK ? 0 : 5);
        expect_login(answer, ask(fd, answer, sizeof(answer)));
        close(fd);
    }
}

static void s29_an_internal_network_has_no_other_names(void **state)
{
    struct fixture *f = *state;
    uint8_t query[64];
    uint8_t answer[512];
    int fd = serve(f, SOCK_DGRAM);
    size_t length = make_query("example.org", query);

    assert_int_equal(send(fd, query, length, 0), length);
    assert_true(receive(fd, answer, sizeof(answer)) >= 12);
    assert_int_equal(answer[3] & 15, 5);
    close(fd);
}

static void s45_the_front_has_no_rights(void **state)
{
    struct fixture *f = *state;
    AUTO_FREE char *path = alloc_format("/proc/%d/status", front_pid(f->front));
    uint8_t answer[512];
    AUTO_TEXT struct text status = { 0 };
    struct error err = { 0 };
    int fd = serve(f, SOCK_DGRAM);

    /* An answer shows that it is set up. */
    ask(fd, answer, sizeof(answer));
    close(fd);
    assert_int_equal(file_read(-1, path, 65536, &status, &err), 0);
    assert_non_null(strstr(status.data, "NoNewPrivs:\t1"));
    assert_non_null(strstr(status.data, "Seccomp:\t2"));
    assert_non_null(strstr(status.data, "CapEff:\t0000000000000000"));
    if (geteuid() == 0)
        assert_non_null(strstr(status.data, "Uid:\t65534\t65534\t65534\t65534"));
}

static void a_dead_front_is_noticed(void **state)
{
    struct fixture *f = *state;

    kill(front_pid(f->front), SIGKILL);
    while (f->ended == 0)
        event_base_loop(f->base, EVLOOP_ONCE);
    assert_int_equal(f->ended, 1);
}

static int listen_on_loopback(void)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static void a_port_is_relayed_from_ipv6(void **state)
{
    struct fixture *f = *state;
    struct error err = { 0 };
    int listener = listen_on_loopback();
    uint16_t port = port_of(listener);
    const struct sockaddr_in6 address = {
        .sin6_family = AF_INET6,
        .sin6_port = htons(port),
        .sin6_addr = IN6ADDR_LOOPBACK_INIT,
    };
    int client = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int server = -1;
    uint8_t bytes[16];

    assert_int_equal(front_set_relays(f->front, &port, 1, &err), 0);
    if (client < 0 || connect(client, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        close(listener);
        close(client);
        skip();
    }
    server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_int_equal(send(client, "ping", 4, 0), 4);
    assert_int_equal(shutdown(client, SHUT_WR), 0);
    assert_int_equal(receive(server, bytes, sizeof(bytes)), 4);
    assert_int_equal(receive(server, bytes, sizeof(bytes)), 0);
    /* The other half is still open. */
    assert_int_equal(send(server, "pong!", 5, 0), 5);
    close(server);
    assert_int_equal(receive(client, bytes, sizeof(bytes)), 5);
    assert_memory_equal(bytes, "pong!", 5);
    assert_int_equal(receive(client, bytes, sizeof(bytes)), 0);
    close(client);
    close(listener);
    assert_int_equal(front_set_relays(f->front, NULL, 0, &err), 0);
}

/* A name server beside the loop: answers what it is told to. */
struct upstream {
    struct event_base *base;
    int fd;
    int asked;
    bool lie_first; /* with another id */
};

static void on_upstream(evutil_socket_t fd, short what, void *context)
{
    struct upstream *upstream = context;
    uint8_t packet[512];
    struct sockaddr_in address;
    socklen_t length = sizeof(address);
    ssize_t got = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&address, &length);

    (void)what;
    assert_true(got > 12);
    upstream->asked++;
    packet[2] = 0x81;
    packet[3] = 0x83; /* there is no such name */
    if (upstream->lie_first) {
        packet[0] ^= 1;
        sendto(fd, packet, (size_t)got, 0, (const struct sockaddr *)&address, length);
        packet[0] ^= 1;
        packet[3] = 0x80;
    }
    sendto(fd, packet, (size_t)got, 0, (const struct sockaddr *)&address, length);
}

static void turn_until_readable(struct event_base *base, int fd)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };

    while (poll(&ready, 1, 0) == 0) {
        struct timeval tick = { .tv_usec = 2000 };

        event_base_loopexit(base, &tick);
        event_base_dispatch(base);
    }
}

static void other_names_are_asked_of_the_host(void **state)
{
    struct event_base *base = event_base_new();
    struct upstream upstream = { .base = base, .lie_first = true };
    struct front_upstreams upstreams = { .count = 1 };
    struct sockaddr_in server = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(LOOPBACK),
    };
    struct error err = { 0 };
    int sockets[2] = { -1, -1 };
    struct front_names *names = front_names_new();
    struct front_dns *dns = NULL;
    struct event *event = NULL;
    uint8_t query[64];
    uint8_t answer[512];
    size_t length = make_query("example.org", query);
    int fd = -1;

    (void)state;
    upstream.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(upstream.fd, (struct sockaddr *)&server, sizeof(server)), 0);
    server.sin_port = htons(port_of(upstream.fd));
    memcpy(&upstreams.servers[0], &server, sizeof(server));
    event = event_new(base, upstream.fd, EV_READ | EV_PERSIST, on_upstream, &upstream);
    event_add(event, NULL);
    assert_int_equal(front_open_sockets(LOOPBACK, 0, &sockets[0], &sockets[1], &err), 0);
    fd = connect_to(SOCK_DGRAM, port_of(sockets[0]));
    dns = front_dns_new(base, sockets, front_names_add(names, false), &upstreams);
    front_dns_serve(dns);
    assert_int_equal(send(fd, query, length, 0), length);
    turn_until_readable(base, fd);
    assert_int_equal(receive(fd, answer, sizeof(answer)), length);
    assert_int_equal(answer[0], 0xab);
    assert_int_equal(answer[1], 0xcd);
    /* The forged answer came first and was not believed. */
    assert_int_equal(answer[3], 0x80);
    assert_int_equal(upstream.asked, 1);
    front_dns_free(dns);
    front_names_free(names);
    event_free(event);
    event_base_free(base);
    close(upstream.fd);
    close(fd);
}

static void names_survive_their_message(void **state)
{
    struct front_message *message = alloc_new(struct front_message);
    struct dns_table table = { 0 };
    const uint32_t addresses[] = { 1, 2, 3 };

    (void)state;
    assert_true(front_message_add_name(message, "login", addresses, 3));
    assert_true(front_message_add_name(message, "asset", NULL, 0));
    assert_true(front_message_read_names(message, &table));
    assert_int_equal(table.count, 2);
    assert_string_equal(table.names[0].name, "asset");
    assert_int_equal(table.names[0].address_count, 0);
    assert_int_equal(table.names[1].address_count, 3);
    dns_table_done(&table);
    /* Cut anywhere within a name it is malformed. */
    table = (struct dns_table){ 0 };
    message->length -= 1;
    assert_false(front_message_read_names(message, &table));
    dns_table_done(&table);
    free(message);
}

static void a_full_message_takes_no_more_names(void **state)
{
    struct front_message *message = alloc_new(struct front_message);
    uint32_t addresses[300] = { 0 };
    int count = 0;

    (void)state;
    while (front_message_add_name(message, "login", addresses, 300))
        count++;
    assert_int_equal(count, FRONT_MESSAGE_DATA_MAX / (4 + 5 + 4 * DNS_ADDRESSES_MAX));
    free(message);
}

static void name_servers_are_read_from_resolv_conf(void **state)
{
    struct front_upstreams upstreams;

    (void)state;
    front_message_parse_upstreams("# nameserver 9.9.9.9\nsearch example.org\n"
                                  "nameserver 127.0.0.53\nnameserver bad\nnameserver ::1\n"
                                  "options edns0\nnameserver 10.0.0.1\nnameserver 10.0.0.2",
                                  &upstreams);
    assert_int_equal(upstreams.count, 3);
    assert_int_equal(upstreams.servers[0].sin6_family, AF_INET);
    assert_int_equal(upstreams.servers[1].sin6_family, AF_INET6);
    front_message_parse_upstreams("", &upstreams);
    assert_int_equal(upstreams.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* The front executes its own program again, which here is this one. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_is_answered_over_udp),
        TEST(a_name_is_answered_over_tcp),
        TEST(s29_names_of_another_network_are_for_its_own_askers),
        TEST(s29_an_internal_network_has_no_other_names),
        TEST(s45_the_front_has_no_rights),
        TEST(a_dead_front_is_noticed),
        TEST(a_port_is_relayed_from_ipv6),
        cmocka_unit_test(other_names_are_asked_of_the_host),
        cmocka_unit_test(names_survive_their_message),
        cmocka_unit_test(a_full_message_takes_no_more_names),
        cmocka_unit_test(name_servers_are_read_from_resolv_conf),
    };

    if (argc == 3 && strcmp(argv[1], "front") == 0)
        front_child_run(atoi(argv[2]));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
