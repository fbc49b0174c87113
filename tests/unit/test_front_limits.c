/* SPDX-License-Identifier: MIT */

/* What one client of the front may cost. */

#include "unit.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/dns.h"
#include "supervise/front.h"
#include "supervise/front_child.h"
#include "supervise/front_dns.h"
#include "util/error.h"

#define LOOPBACK 0x7f000001u
#define PATIENCE_MS 5000

/* Over TCP: a length, then who is "login"? */
static const uint8_t query[] = { 0, 23, 0xab, 0xcd, 1,   0,   0,   1, 0, 0, 0, 0, 0,
                                 0, 5,  'l',  'o',  'g', 'i', 'n', 0, 0, 1, 0, 1 };

struct fixture {
    struct event_base *base;
    struct front *front;
    struct sockaddr_in address;
};

static void on_ended(void *context, const char *reason)
{
    (void)context;
    fail_msg("%s", reason);
}

static void serve(struct fixture *f)
{
    struct dns_table table = { .suffix = "limits.shop" };
    struct error err = { 0 };
    int sockets[2] = { -1, -1 };
    socklen_t length = sizeof(f->address);

    f->base = event_base_new();
    assert_int_equal(front_start(f->base, on_ended, f, &f->front, &err), 0);
    assert_int_equal(front_open_sockets(LOOPBACK, 0, &sockets[0], &sockets[1], &err), 0);
    dns_table_add(&table, "login", 0x0a090807);
    assert_int_equal(getsockname(sockets[1], (struct sockaddr *)&f->address, &length), 0);
    assert_int_equal(front_set_network(f->front, "limits", sockets, true, &err), 0);
    assert_int_equal(front_set_names(f->front, "limits", &table, NULL, 0, &err), 0);
    assert_int_equal(front_use_names(f->front, &err), 0);
    dns_table_done(&table);
    close(sockets[0]);
    close(sockets[1]);
}

static void done(struct fixture *f)
{
    front_stop(f->front);
    event_base_free(f->base);
}

static int connect_to(const struct fixture *f)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, (const struct sockaddr *)&f->address, sizeof(f->address)), 0);
    return fd;
}

static size_t receive(int fd, uint8_t *out, size_t size)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    ssize_t got = 0;

    assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
    got = recv(fd, out, size, 0);
    return got > 0 ? (size_t)got : 0;
}

static void s29_a_client_that_does_not_read_is_not_listened_to(void **state)
{
    uint8_t queries[100 * sizeof(query)], answers[65536];
    struct pollfd writable = { .fd = -1, .events = POLLOUT };
    size_t sent = 0, received = 0, answer_length = 0, expected = 0;
    struct fixture f = { 0 };
    int fd = -1;

    (void)state;
    serve(&f);
    writable.fd = fd = connect_to(&f);
    for (size_t at = 0; at < sizeof(queries); at += sizeof(query))
        memcpy(queries + at, query, sizeof(query));
    while (poll(&writable, 1, 300) == 1) {
        size_t at = sent % sizeof(queries);
        ssize_t count = send(fd, queries + at, sizeof(queries) - at, MSG_DONTWAIT);

        assert_true(count > 0);
        sent += (size_t)count;
        assert_true(sent < 128u << 20);
    }
    /* What was asked in full is answered once it reads. */
    do {
        size_t got = receive(fd, answers, sizeof(answers));

        assert_true(got > 2);
        if (received == 0)
            answer_length = 2 + ((size_t)answers[0] << 8 | answers[1]);
        received += got;
        expected = sent / sizeof(query) * answer_length;
    } while (received < expected);
    assert_int_equal(received, expected);
    close(fd);
    done(&f);
}

static void s29_one_address_has_few_connections(void **state)
{
    int fds[FRONT_DNS_CLIENTS_OF_ONE + 1];
    struct fixture f = { 0 };
    uint8_t answer[512];

    (void)state;
    serve(&f);
    for (size_t i = 0; i < FRONT_DNS_CLIENTS_OF_ONE; i++) {
        fds[i] = connect_to(&f);
        assert_int_equal(send(fds[i], query, sizeof(query), 0), sizeof(query));
        assert_true(receive(fds[i], answer, sizeof(answer)) > 2);
    }
    fds[FRONT_DNS_CLIENTS_OF_ONE] = connect_to(&f);
    assert_int_equal(receive(fds[FRONT_DNS_CLIENTS_OF_ONE], answer, sizeof(answer)), 0);
    for (size_t i = 0; i <= FRONT_DNS_CLIENTS_OF_ONE; i++)
        close(fds[i]);
    done(&f);
}

/* The front executes its own program again, which here is this one. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s29_a_client_that_does_not_read_is_not_listened_to),
        cmocka_unit_test(s29_one_address_has_few_connections),
    };

    if (argc == 3 && strcmp(argv[1], "front") == 0)
        front_child_run(atoi(argv[2]));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
