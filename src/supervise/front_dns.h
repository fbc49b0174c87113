/* SPDX-License-Identifier: MIT */

/*
 * The front's name server of one network
 *
 * Answers what the table knows; asks the host's servers for the rest, from a new port and with
 * a new id for each question, and believes only an answer that fits. Where the asker is on internal
 * networks only, other names are refused. Limits: FRONT_DNS_QUESTIONS_MAX questions under way,
 * FRONT_DNS_CLIENTS_MAX connections over TCP, each silent for at most ten seconds.
 */

#pragma once

struct event_base;
struct front_dns;
struct front_names_network;
struct front_upstreams;

#define FRONT_DNS_QUESTIONS_MAX 512
#define FRONT_DNS_CLIENTS_MAX 64

/* Of these, what one address may have: a flood takes the names from nobody else. */
#define FRONT_DNS_QUESTIONS_OF_ONE 128
#define FRONT_DNS_CLIENTS_OF_ONE 16

/*
 * For both sockets, which are owned from then on; the others are borrowed. Queries wait in the
 * sockets until front_dns_serve(): none of them is told that a name does not exist yet.
 */
struct front_dns *front_dns_new(struct event_base *base, const int sockets[2],
                                const struct front_names_network *names,
                                const struct front_upstreams *upstreams);
void front_dns_free(struct front_dns *dns); /* NULL is fine */

/* Begin to serve; the names are known. */
void front_dns_serve(struct front_dns *dns);
