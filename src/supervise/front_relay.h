/* SPDX-License-Identifier: MIT */

/*
 * The front's relay of one port: from [::1]:PORT to 127.0.0.1:PORT
 *
 * There packet rules take over and balance. Each side may end its half of the connection; at
 * most FRONT_RELAY_MAX connections per port, and a side that does not read holds up the other.
 */

#pragma once

#include <stdint.h>

struct event_base;
struct front_relay;

#define FRONT_RELAY_MAX 512

/* Relay from the listening socket, which is owned from then on, to 127.0.0.1:`port`. */
struct front_relay *front_relay_new(struct event_base *base, int listener, uint16_t port);
void front_relay_free(struct front_relay *relay); /* NULL is fine; its connections end */
