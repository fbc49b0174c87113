/* SPDX-License-Identifier: MIT */

/*
 * Who is where in the game, and who holds what
 *
 * The rules of the game, without clock, socket or file: a message and its sender go in, the
 * verdict comes out and the world has changed. Sending and keeping are the relay's business.
 */

#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "game/message.h"

struct world;

struct player {
    struct player *next_in_user_hash;
    struct player *next_in_address_hash;
    struct player *next_on_map;
    struct room *room;
    struct sockaddr_in address;
    int64_t heard_ms;
    char user[MESSAGE_ID_MAX + 1];
    /* The relay's own. */
    bool is_present;    /* its join was announced */
    bool awaits_replay; /* edits reach it by the replay that was begun, not by themselves */
    size_t pending;     /* messages of this player that are not announced yet */
    char *join_text;    /* how its join was announced */
    char **outbox;      /* texts that it is still to be sent; owned, freed with the player */
    size_t outbox_count;
    size_t outbox_sent; /* how many of them are sent */
};

struct world_verdict {
    bool is_accepted;
    struct player *player; /* the sender, NULL after it left */
    char map[MESSAGE_ID_MAX + 1];
    char **released; /* objects whose locks a leaving user held; owned */
    size_t released_count;
};

/* `creators` is "MAP=user,user;…", where MAP "*" stands for every map. */
struct world *world_new(const char *creators, size_t players_max);
void world_free(struct world *world);

/* Apply a message; `verdict` is filled in any case, and to be given to world_verdict_done(). */
void world_apply(struct world *world, const struct message *message, const struct sockaddr_in *from,
                 int64_t now_ms, struct world_verdict *verdict);
void world_verdict_done(struct world_verdict *verdict);

/* Take back a lock whose message could not be kept. */
void world_unlock(struct world *world, const char *map, const char *object, const char *user);

struct player *world_find_user(const struct world *world, const char *user);
struct player *world_find_address(const struct world *world, const struct sockaddr_in *address);
bool world_is_creator(const struct world *world, const char *map, const char *user);
size_t world_count(const struct world *world);

/* The players on a map: for (p = world_first(w, map); p; p = p->next_on_map) */
struct player *world_first(const struct world *world, const char *map);

/* Players whose outbox is not empty: the next one after `player` (NULL: the first), or NULL. */
struct player *world_next_waiting(const struct world *world, const struct player *player);

/* A player that was not heard since `before_ms`, or NULL. */
struct player *world_find_silent(const struct world *world, int64_t before_ms);
