/* SPDX-License-Identifier: MIT */

/*
 * The names that the front knows, and who may know them
 *
 * Each network has a table of its own names. A replica asks the name server of its first
 * network only, so each network also knows its replicas' addresses elsewhere, its askers: they
 * are answered with its names, too, wherever they ask. An address that is not known is answered
 * with the names of the network that it asks on.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/dns.h"

struct front_message;
struct front_names;
struct front_names_network;

struct front_names *front_names_new(void);
void front_names_free(struct front_names *names); /* NULL is fine; its networks are removed */

/* A network without names; on an `internal` one those of other name servers are not asked for. */
struct front_names_network *front_names_add(struct front_names *names, bool internal);
void front_names_remove(struct front_names_network *network); /* NULL is fine */

/* From FRONT_MESSAGE_NAMES_BEGIN on, names are gathered; they do not count yet. */
void front_names_begin(struct front_names_network *network, const struct front_message *message);

/* Gather from FRONT_MESSAGE_NAMES or FRONT_MESSAGE_ASKERS; false: the data is malformed. */
bool front_names_read(struct front_names_network *network, const struct front_message *message);

/* What was gathered counts from now on, on all networks at once. */
void front_names_use(struct front_names *names);

/* Did names ever count? */
bool front_names_are_known(const struct front_names_network *network);

/*
 * What `asker` (0: unknown) may know who asks on `network`: its names first. True: for other
 * names the host's servers may be asked, since one of the asker's networks is not internal.
 */
bool front_names_look(const struct front_names_network *network, uint32_t asker,
                      struct dns_view *out);
