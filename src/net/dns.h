/* SPDX-License-Identifier: MIT */

/*
 * Names: what a query gets for an answer
 *
 * Pure: a table of names and a packet in, a packet out; sockets, forwarding and the process
 * around it are supervise/front*.c. `service` is the virtual address, `tasks.service` all
 * replicas, `service-n` one replica; aliases as in compose. RFC 1035, 2308, 3596, 6891.
 */

#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"

#define DNS_ADDRESSES_MAX 256
#define DNS_PACKET_MAX 4096
#define DNS_VIEW_TABLES_MAX 64

struct dns_name {
    char name[256];      /* lower case, without the last dot */
    uint32_t *addresses; /* host byte order; none: the name exists, but nothing is ready */
    size_t address_count;
};

/*
 * The names that are known on one network. Sorted by dns_table_add(). All of them are also
 * answered with the search domain `suffix` behind them, below which there are no other names.
 */
struct dns_table {
    struct dns_name *names;
    size_t count;
    char suffix[256]; /* lower case, without dots at its ends; empty: none */
};

void dns_table_add(struct dns_table *table, const char *name, uint32_t address); /* 0: none yet */
void dns_table_done(struct dns_table *table);

/* What one asker may know: the first table that has a name answers for it. */
struct dns_view {
    const struct dns_table *tables[DNS_VIEW_TABLES_MAX];
    size_t count;
};

/* How long the answer to `query` may be over UDP: 512, or what EDNS says. */
size_t dns_udp_limit(const uint8_t *query, size_t length);

enum dns_verdict {
    DNS_ANSWERED, /* `answer` holds the reply */
    DNS_FORWARD,  /* not one of our names: ask the host's name server */
    DNS_DROP,     /* not a query: no answer at all */
};

/*
 * Decide about the query of `length` bytes. With DNS_ANSWERED at most `limit` bytes (over UDP
 * dns_udp_limit(), over TCP DNS_PACKET_MAX) are written to `answer` and counted in
 * *answer_length; what does not fit is cut, and the answer says so (TC). A name of ours
 * without an address of the asked type gets an empty answer (NODATA), at once; hostile
 * packets get FORMERR or are dropped.
 */
enum dns_verdict dns_answer(const struct dns_view *view, const uint8_t *query, size_t length,
                            uint8_t *answer, size_t limit, size_t *answer_length);

/* The reply "refused" or "server failure" to a query that cannot be forwarded. */
size_t dns_refuse(const uint8_t *query, size_t length, bool failure, uint8_t *answer, size_t limit);

/* Is `reply` an answer to `query` (id, question)? Guards what comes from upstream. */
bool dns_is_reply_to(const uint8_t *reply, size_t reply_length, const uint8_t *query,
                     size_t query_length);
