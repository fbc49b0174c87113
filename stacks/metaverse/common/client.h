/* SPDX-License-Identifier: MIT */

/*
 * A server's own client
 *
 * An image from scratch has no shell and no curl; so each server can ask its own health, any
 * HTTP address and any UDP port, from where it runs and by the names known there.
 */

#pragma once

#include <stdint.h>

/* Is the server on `port` of this container well? Returns the exit status. */
int client_health(int64_t port);

/* Print the status on one line and the body on the next. 0 when the status is below 400. */
int client_http(const char *method, const char *url, const char *body, const char *bearer);

/*
 * Send each text as a datagram to "host:port" and print the replies, one a line, until none
 * came for half a second. 0 when there was one.
 */
int client_udp(const char *target, char *const *texts);
