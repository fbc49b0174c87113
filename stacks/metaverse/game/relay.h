/* SPDX-License-Identifier: MIT */

/*
 * The game over UDP
 *
 * Datagrams come in, the world decides, the journal keeps, and the answers go out: the same
 * bytes with ";s" to those concerned, or with ";f" to the sender alone. Edits, joins and
 * leaves are announced when they are durable; moves at once, unless something of the same
 * player still waits.
 */

#pragma once

#include <stdint.h>

#include "util/macro.h"

struct error;
struct relay;
struct server;

struct relay_config {
    int64_t port;
    const char *creators;
    const char *map_url;
    const char *auth; /* "open" or "required" */
    int64_t players_max;
    int64_t silence_s;
    int64_t move_rate;
    int64_t edit_rate;
    int64_t entry_rate;
    int64_t address_rate;
    int64_t move_retention_s;
    int64_t replay_max;
};

int relay_open(const struct relay_config *config, struct server *server, const char *log_path,
               struct relay **relay_out, struct error *err) MUST_CHECK;
void relay_close(struct relay *relay);

/* Can the game go on? Else -1 and why. */
int relay_check(struct relay *relay, struct error *err) MUST_CHECK;
