/* SPDX-License-Identifier: MIT */

/*
 * A client of the metaverse, for tests
 *
 *     metabot --check      walk over every request of the wire formats, errors included
 *     metabot --load       requests at a steady rate to one path
 *     metabot --players N  players who move on one map
 *     metabot --idle       wait to be told to stop, so that others can be run beside it
 *
 * Each prints what it saw. A check and players exit 0 only if all of it was right, a load if
 * anything was answered: how much may fail is for the caller to say.
 */

#pragma once

#include <stdint.h>

struct bot_options {
    const char *login_host; /* IPv4 addresses or names */
    const char *asset_host;
    const char *map_host;
    const char *game_host;
    int64_t login_port;
    int64_t asset_port;
    int64_t map_port;
    int64_t game_port;
    const char *creator; /* a user who may create on every map */
    /* Of --load. */
    const char *host;
    int64_t port;
    const char *method;
    const char *path;
    const char *body; /* NULL: none */
    int64_t rps;
    int64_t connections; /* at most so many requests at a time */
    int64_t timeout_ms;
    int64_t at_least; /* requests, also when it is told to stop */
    /* Of --players. */
    int64_t players;
    int64_t rate; /* moves of each a second */
    /* Of both. */
    int64_t seconds;
};

/* Each returns the exit status. */
int check_run(const struct bot_options *options);
int load_run(const struct bot_options *options);
int players_run(const struct bot_options *options);
