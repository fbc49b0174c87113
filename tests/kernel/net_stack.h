/* SPDX-License-Identifier: MIT */

/*
 * The stack that the tests with real packets use
 *
 * Three replicas "cweb1" to "cweb3" on network "cfront", published at PUBLISHED and at the
 * virtual address; "cclient" beside them; "cdb" on a network of its own, "cin1" and "cin2" on
 * an internal one; "cforeign" belongs to another stack, "cneighbour" to the world.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "net_bed.h"

#define HOST BED_IP(192, 0, 2, 1)
#define NEIGHBOUR BED_IP(192, 0, 2, 2)
#define LOOPBACK BED_IP(127, 0, 0, 1)
#define VIRTUAL BED_IP(10, 88, 1, 200)
#define PORT 8000
#define PUBLISHED 18000
#define OPEN_PORT 7000 /* where others than the replicas listen */

extern const uint32_t stack_webs[3];
extern int stack_tcp[3]; /* listeners of the replicas */
extern int stack_udp[3];

int stack_set_up(void **state);

/* Run a group with and without bridged packets passing the rules; the number that failed. */
int stack_run_both(int (*run)(void));

/* Let `count` replicas from the `first` on be the ready ones. */
void stack_apply(size_t first, size_t count, uint32_t host_address);
void stack_apply_other(void);

/* Connect or bind a socket. */
void stack_direct(int fd, uint32_t address, uint16_t port);
void stack_bind(int fd, uint32_t address);

/* Connect, and tell which replica got the connection: -1 none, with the reason in errno. */
int stack_reach(const char *from, uint32_t address, uint16_t port, int ms);
