/* SPDX-License-Identifier: MIT */

/*
 * A test bed of network namespaces in one process
 *
 * A socket belongs to the namespace in which it was made, so one thread plays all parties:
 * clients, replicas and the neighbour on the host's network. bed_start() moves the process to
 * network and mount namespaces of its own, where the "host" of the tests is.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "net/network.h"

#define BED_MS                                                                       \
    300 /* how long a packet that should arrive may take, and one that should not is \
           waited for */

#define BED_IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

void bed_start(void);

/* A namespace with one link on `network`; `name` is that of the link on the host, too. */
void bed_add(const char *name, const struct network *network, uint32_t address);
void bed_remove(const char *name);

/* Run a shell command there (NULL: on the host); it has to succeed. */
void bed_command(const char *name, const char *command);

/* Sockets in the namespace `name` (NULL: the host's). Failures of the bed itself abort. */
int bed_listen(const char *name, int type, uint16_t port);
int bed_socket(const char *name, int type);
int bed_link(const char *name); /* the index of its eth0 */
int bed_open(const char *name, int family, int type, int protocol);

/* Connect; a descriptor, or the negative errno (-ETIMEDOUT: nothing came back in `ms`). */
int bed_connect(const char *name, uint32_t address, uint16_t port, int ms);

/* Which of the listeners has a connection or a datagram, waiting `ms`; -1: none. */
int bed_which(const int *listeners, size_t count, int ms);

/* Accept the connection that waits at `listener`. */
int bed_accept(int listener);

/* Send a datagram on a connected socket; the index of the listener that gets and answers it. */
int bed_ask(int fd, const int *listeners, size_t count, int ms);
