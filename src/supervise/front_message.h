/* SPDX-License-Identifier: MIT */

/*
 * Messages from the supervisor to the front
 *
 * One message is one packet of a socket pair, with up to two descriptors. Nothing is sent in
 * the other direction.
 */

#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "util/macro.h"

struct dns_table;
struct error;

#define FRONT_MESSAGE_KEY_SIZE 128
#define FRONT_MESSAGE_DATA_MAX 32768
#define FRONT_MESSAGE_FDS_MAX 2
#define FRONT_MESSAGE_UPSTREAMS_MAX 3

enum front_message_type {
    FRONT_MESSAGE_NETWORK, /* two sockets: udp, tcp; number: is it internal? */
    FRONT_MESSAGE_NETWORK_GONE,
    FRONT_MESSAGE_NAMES_BEGIN, /* data: the table's suffix */
    FRONT_MESSAGE_NAMES,       /* data: names, see front_message_add_name() */
    FRONT_MESSAGE_ASKERS,      /* data: addresses of who may know the names elsewhere, too */
    FRONT_MESSAGE_NAMES_END,   /* from now on all that were sent count, of all networks */
    FRONT_MESSAGE_UPSTREAMS,   /* data: struct front_upstreams */
    FRONT_MESSAGE_RELAY,       /* a listening socket; number: the port */
    FRONT_MESSAGE_RELAY_GONE,  /* number: the port */
    FRONT_MESSAGE_COUNT,
};

struct front_message {
    uint32_t type;
    uint32_t number;
    uint32_t length; /* of data */
    char key[FRONT_MESSAGE_KEY_SIZE];
    uint8_t data[FRONT_MESSAGE_DATA_MAX];
};

/* Name servers to ask for names that are not ours. */
struct front_upstreams {
    uint32_t count;
    struct sockaddr_in6 servers[FRONT_MESSAGE_UPSTREAMS_MAX]; /* or sockaddr_in, by family */
};

/* Send with descriptors; ERROR_TIMEOUT: the front does not read. */
int front_message_send(int socket, const struct front_message *message, const int *fds,
                       size_t fd_count, struct error *err) MUST_CHECK;

enum front_message_result { FRONT_MESSAGE_GOT, FRONT_MESSAGE_NONE, FRONT_MESSAGE_END };

/* Receive one, checked; the descriptors (-1: none) are the caller's. */
enum front_message_result front_message_receive(int socket, struct front_message *out,
                                                int fds[FRONT_MESSAGE_FDS_MAX]);

/*
 * Add a name of a table to the data; false: there is no room, send first. At most
 * DNS_ADDRESSES_MAX addresses are taken.
 */
bool front_message_add_name(struct front_message *message, const char *name,
                            const uint32_t *addresses, size_t count);

/* Add the names in the data to a table; false: the data is malformed. */
bool front_message_read_names(const struct front_message *message, struct dns_table *table);

/* The servers in the text of a resolv.conf. */
void front_message_parse_upstreams(const char *resolv_conf, struct front_upstreams *out);
