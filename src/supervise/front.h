/* SPDX-License-Identifier: MIT */

/*
 * The front: an unprivileged child that touches bytes of containers and clients
 *
 * Serves names on each bridge's gateway (UDP and TCP), asks the host's name servers for others,
 * and relays [::1]:PORT to 127.0.0.1:PORT, which packet rules cannot do. It runs as nobody,
 * without capabilities or files, and has only sockets that were opened here and passed to it.
 * Nothing but the end of the connection comes back from it. It ends with the supervisor.
 *
 * The functions below are the supervisor's side. After `ended` was called the front is gone:
 * free it with front_stop(), start another and tell it everything again.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"

struct dns_table;
struct error;
struct event_base;
struct front;

#define FRONT_KEY_MAX 127

/* Called from the event loop when the front died or does not take messages any more. */
typedef void (*front_ended_fn)(void *context, const char *reason);

/* Start it. Names that are not ours are asked of the servers in /etc/resolv.conf. */
int front_start(struct event_base *base, front_ended_fn ended, void *context, struct front **out,
                struct error *err) MUST_CHECK;

/* End it and wait for that; NULL is fine. */
void front_stop(struct front *front);

/* Open the name sockets of an address (host byte order), port 53 in use; the caller closes them. */
int front_open_sockets(uint32_t address, uint16_t port, int *udp_out, int *tcp_out,
                       struct error *err) MUST_CHECK;

/*
 * Serve names on a network; its sockets are copied to the front. An `internal` network is not
 * forwarded for, unless the asker is on another, too. Setting a known key again replaces its
 * sockets; its names are to be set again.
 */
int front_set_network(struct front *front, const char *key, const int sockets[2], bool internal,
                      struct error *err) MUST_CHECK;

/*
 * Replace the names of a network when front_use_names() is called. `askers` are addresses on
 * other networks that may know them, too (front_names.h).
 */
int front_set_names(struct front *front, const char *key, const struct dns_table *table,
                    const uint32_t *askers, size_t asker_count, struct error *err) MUST_CHECK;

/* All names that were set count from now on, of all networks at once. */
int front_use_names(struct front *front, struct error *err) MUST_CHECK;

int front_remove_network(struct front *front, const char *key, struct error *err) MUST_CHECK;

/*
 * The TCP ports relayed from [::1]; others are closed. A port that another program has, or a
 * machine without IPv6, is passed over (logged as a warning).
 */
int front_set_relays(struct front *front, const uint16_t *ports, size_t count,
                     struct error *err) MUST_CHECK;

/* Its process, for `ps` and tests; -1 when it is gone. */
int front_pid(const struct front *front);
