/* SPDX-License-Identifier: MIT */

/*
 * The front's name server of one network
 *
 * Answers what the table knows; asks the host's servers for the rest, from a new port and with
 * a new id for each question, and believes only an answer that fits. Not for a network that is
 * internal: there other names are refused. Limits: FRONT_DNS_QUESTIONS_MAX questions under way,
 * FRONT_DNS_CLIENTS_MAX connections over TCP, each silent for at most ten seconds.
 */

#pragma once

#include <stdbool.h>

#include "net/dns.h"

struct event_base;
struct front_dns;
struct front_upstreams;

#define FRONT_DNS_QUESTIONS_MAX 512
#define FRONT_DNS_CLIENTS_MAX 64

/*
 * Serve on both sockets, which are owned from then on; `upstreams` is borrowed. Queries wait in
 * the sockets until the names are first set: none of them is told that it does not exist.
 */
struct front_dns *front_dns_new(struct event_base *base, const int sockets[2], bool internal,
                                const struct front_upstreams *upstreams);
void front_dns_free(struct front_dns *dns); /* NULL is fine */

/* Replace the names, and begin to serve; `table` is left empty. */
void front_dns_set_names(struct front_dns *dns, struct dns_table *table);
