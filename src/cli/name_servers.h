/* SPDX-License-Identifier: MIT */

/*
 * The host's name servers, as a RUN step can use them
 *
 * Pure. A step has a network of its own: a server on the host's loopback (127.0.0.53 of
 * systemd-resolved, a local dnsmasq) does not answer there, nor does one with an IPv6 address.
 */

#pragma once

#include "util/macro.h"
#include "util/text.h"

enum name_servers_found {
    NAME_SERVERS_NONE,    /* the text names no server */
    NAME_SERVERS_LOCAL,   /* it does, but none that a step reaches */
    NAME_SERVERS_REACHED, /* at least one was kept */
};

/*
 * Add to `out` the lines of a resolv.conf that mean something in a step: servers that it can
 * reach, and search, domain and options. Nothing else is kept.
 */
enum name_servers_found name_servers_filter(const char *resolv_conf, struct text *out);
