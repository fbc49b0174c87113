/* SPDX-License-Identifier: MIT */

/*
 * Sockets that listen on a port
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/macro.h"

struct error;

/*
 * Is there a socket of `protocol` (IPPROTO_TCP or IPPROTO_UDP) that takes what comes for
 * `port` at `address` (0: at any)? IPv6 sockets that also take IPv4 count.
 */
int netlink_listeners_find(int protocol, uint32_t address, uint16_t port, bool *found_out,
                           struct error *err) MUST_CHECK;
