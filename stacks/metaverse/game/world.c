/* SPDX-License-Identifier: MIT */

/*
 * Who is where in the game, and who holds what
 *
 * Players are found by user and by address in two tables of chains; each map that has
 * players is a room with a list of them and of the locks they hold.
 */

#include "game/world.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/macro.h"

#define BUCKETS 4096
#define LOCKS_MAX 256 /* that one user may hold */

struct lock {
    struct lock *next;
    struct player *holder;
    char object[MESSAGE_ID_MAX + 1];
};

struct room {
    struct room *next;
    struct player *players;
    struct lock *locks;
    char map[MESSAGE_ID_MAX + 1];
};

struct world {
    char *creators;
    size_t players_max;
    size_t player_count;
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
    struct room *rooms;
    struct player *by_user[BUCKETS];
    struct player *by_address[BUCKETS];
};

static size_t hash(const struct world *world, const void *key, size_t length)
{
    unsigned char bytes[crypto_shorthash_BYTES];
    uint64_t number = 0;

    crypto_shorthash(bytes, key, length, world->hash_key);
    memcpy(&number, bytes, sizeof(number));
    return number % BUCKETS;
}

static bool is_same_address(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
    return a->sin_addr.s_addr == b->sin_addr.s_addr && a->sin_port == b->sin_port;
}

static size_t hash_address(const struct world *world, const struct sockaddr_in *address)
{
    unsigned char key[6];

    memcpy(key, &address->sin_addr.s_addr, 4);
    memcpy(key + 4, &address->sin_port, 2);
    return hash(world, key, sizeof(key));
}

struct world *world_new(const char *creators, size_t players_max)
{
    struct world *world = alloc_new(struct world);

    world->creators = alloc_text(creators);
    world->players_max = players_max;
    crypto_shorthash_keygen(world->hash_key);
    return world;
}

static void free_room(struct room *room)
{
    while (room->locks) {
        struct lock *lock = room->locks;

        room->locks = lock->next;
        free(lock);
    }
    free(room);
}

static void free_player(struct player *player)
{
    for (size_t i = 0; i < player->outbox_count; i++)
        free(player->outbox[i]);
    free(player->outbox);
    free(player->join_text);
    free(player);
}

void world_free(struct world *world)
{
    if (!world)
        return;
    while (world->rooms) {
        struct room *room = world->rooms;

        world->rooms = room->next;
        while (room->players) {
            struct player *player = room->players;

            room->players = player->next_on_map;
            free_player(player);
        }
        free_room(room);
    }
    free(world->creators);
    free(world);
}

struct player *world_find_user(const struct world *world, const char *user)
{
    struct player *player = world->by_user[hash(world, user, strlen(user))];

    while (player && strcmp(player->user, user) != 0)
        player = player->next_in_user_hash;
    return player;
}

struct player *world_find_address(const struct world *world, const struct sockaddr_in *address)
{
    struct player *player = world->by_address[hash_address(world, address)];

    while (player && !is_same_address(&player->address, address))
        player = player->next_in_address_hash;
    return player;
}

static struct room *find_room(const struct world *world, const char *map)
{
    struct room *room = world->rooms;

    while (room && strcmp(room->map, map) != 0)
        room = room->next;
    return room;
}

struct player *world_first(const struct world *world, const char *map)
{
    struct room *room = find_room(world, map);

    return room ? room->players : NULL;
}

size_t world_count(const struct world *world)
{
    return world->player_count;
}

struct player *world_next_waiting(const struct world *world, const struct player *player)
{
    struct room *room = player ? player->room : world->rooms;
    struct player *next = player ? player->next_on_map : NULL;

    if (!player && room)
        next = room->players;
    while (room) {
        for (; next; next = next->next_on_map)
            if (next->outbox)
                return next;
        room = room->next;
        next = room ? room->players : NULL;
    }
    return NULL;
}

struct player *world_find_silent(const struct world *world, int64_t before_ms)
{
    for (struct room *room = world->rooms; room; room = room->next)
        for (struct player *player = room->players; player; player = player->next_on_map)
            if (player->heard_ms < before_ms)
                return player;
    return NULL;
}

/* Does the comma-separated `list` of `length` bytes hold `word`? */
static bool list_has(const char *list, size_t length, const char *word)
{
    size_t word_length = strlen(word);

    while (length > 0) {
        const char *comma = memchr(list, ',', length);
        size_t part = comma ? (size_t)(comma - list) : length;

        if (part == word_length && memcmp(list, word, part) == 0)
            return true;
        part = MIN(part + 1, length);
        list += part;
        length -= part;
    }
    return false;
}

bool world_is_creator(const struct world *world, const char *map, const char *user)
{
    size_t map_length = strlen(map);

    for (const char *entry = world->creators; *entry;) {
        size_t length = strcspn(entry, ";");
        const char *equals = memchr(entry, '=', length);
        size_t key = equals ? (size_t)(equals - entry) : 0;

        if (equals &&
            ((key == 1 && *entry == '*') || (key == map_length && memcmp(entry, map, key) == 0)) &&
            list_has(equals + 1, length - key - 1, user))
            return true;
        entry += length + (entry[length] == ';');
    }
    return false;
}

static struct lock **find_lock(struct room *room, const char *object)
{
    struct lock **link = &room->locks;

    while (*link && strcmp((*link)->object, object) != 0)
        link = &(*link)->next;
    return link;
}

static void drop_lock(struct lock **link)
{
    struct lock *lock = *link;

    *link = lock->next;
    free(lock);
}

void world_unlock(struct world *world, const char *map, const char *object, const char *user)
{
    struct room *room = find_room(world, map);
    struct lock **link = room ? find_lock(room, object) : NULL;

    if (link && *link && strcmp((*link)->holder->user, user) == 0)
        drop_lock(link);
}

static size_t count_locks(const struct player *player)
{
    size_t count = 0;

    for (const struct lock *lock = player->room->locks; lock; lock = lock->next)
        count += lock->holder == player;
    return count;
}

static void add_player(struct world *world, const struct message *message,
                       const struct sockaddr_in *from, struct world_verdict *verdict)
{
    struct player *player = alloc_new(struct player);
    struct room *room = find_room(world, message->args[1]);
    struct player **user_bucket =
        &world->by_user[hash(world, message->user, strlen(message->user))];
    struct player **address_bucket = &world->by_address[hash_address(world, from)];

    if (!room) {
        room = alloc_new(struct room);
        strcpy(room->map, message->args[1]);
        room->next = world->rooms;
        world->rooms = room;
    }
    strcpy(player->user, message->user);
    player->address = *from;
    player->room = room;
    player->next_on_map = room->players;
    room->players = player;
    player->next_in_user_hash = *user_bucket;
    *user_bucket = player;
    player->next_in_address_hash = *address_bucket;
    *address_bucket = player;
    world->player_count++;
    verdict->player = player;
}

static void unlink_player(struct world *world, struct player *player)
{
    struct player **link = &world->by_user[hash(world, player->user, strlen(player->user))];

    while (*link != player)
        link = &(*link)->next_in_user_hash;
    *link = player->next_in_user_hash;
    link = &world->by_address[hash_address(world, &player->address)];
    while (*link != player)
        link = &(*link)->next_in_address_hash;
    *link = player->next_in_address_hash;
    link = &player->room->players;
    while (*link != player)
        link = &(*link)->next_on_map;
    *link = player->next_on_map;
    world->player_count--;
}

static void drop_room_if_empty(struct world *world, struct room *room)
{
    struct room **link = &world->rooms;

    if (room->players)
        return;
    while (*link != room)
        link = &(*link)->next;
    *link = room->next;
    free_room(room);
}

static bool apply_join(struct world *world, const struct message *message,
                       const struct sockaddr_in *from, struct world_verdict *verdict)
{
    struct player *player = world_find_user(world, message->user);

    if (player) {
        verdict->player = player;
        return is_same_address(&player->address, from) &&
               strcmp(player->room->map, message->args[1]) == 0;
    }
    if (world_find_address(world, from) || world->player_count >= world->players_max)
        return false;
    add_player(world, message, from, verdict);
    return true;
}

static bool apply_leave(struct world *world, struct player *player, struct world_verdict *verdict)
{
    struct room *room = player->room;

    for (struct lock **link = &room->locks; *link;) {
        if ((*link)->holder == player) {
            *ALLOC_APPEND(verdict->released, verdict->released_count) = alloc_text((*link)->object);
            drop_lock(link);
        } else {
            link = &(*link)->next;
        }
    }
    unlink_player(world, player);
    free_player(player);
    drop_room_if_empty(world, room);
    verdict->player = NULL;
    return true;
}

static bool apply_select(struct player *player, const char *object)
{
    struct lock **link = find_lock(player->room, object);

    if (*link)
        return (*link)->holder == player;
    if (count_locks(player) >= LOCKS_MAX)
        return false;
    *link = alloc_new(struct lock);
    (*link)->holder = player;
    strcpy((*link)->object, object);
    return true;
}

/* Is the object locked by the player? If so, unlock it when `unlocks`. */
static bool apply_held(struct player *player, const char *object, bool unlocks)
{
    struct lock **link = find_lock(player->room, object);

    if (!*link || (*link)->holder != player)
        return false;
    if (unlocks)
        drop_lock(link);
    return true;
}

static bool apply_as_player(struct world *world, const struct message *message,
                            struct player *player, struct world_verdict *verdict)
{
    switch (message->command) {
    case MESSAGE_PLAYER_LEAVE:
        return apply_leave(world, player, verdict);
    case MESSAGE_ASSET_CREATE:
        return world_is_creator(world, player->room->map, player->user);
    case MESSAGE_ASSET_SELECT:
        return apply_select(player, message->args[0]);
    case MESSAGE_ASSET_MOVE:
        return apply_held(player, message->args[0], false);
    case MESSAGE_ASSET_DESELECT:
    case MESSAGE_ASSET_DELETE:
        return apply_held(player, message->args[0], true);
    case MESSAGE_PLAYER_MOVE:
    case MESSAGE_PLAYER_JUMP:
    case MESSAGE_MAP_READY:
        return true;
    case MESSAGE_PLAYER_JOIN:
    case MESSAGE_AUTH:
    case MESSAGE_COMMAND_COUNT:
    default:
        return false;
    }
}

void world_apply(struct world *world, const struct message *message, const struct sockaddr_in *from,
                 int64_t now_ms, struct world_verdict *verdict)
{
    struct player *player = world_find_user(world, message->user);

    *verdict = (struct world_verdict){ 0 };
    if (message->command == MESSAGE_PLAYER_JOIN) {
        verdict->is_accepted = apply_join(world, message, from, verdict);
        strcpy(verdict->map, message->args[1]);
    } else if (player && is_same_address(&player->address, from)) {
        verdict->player = player;
        strcpy(verdict->map, player->room->map);
        player->heard_ms = now_ms;
        verdict->is_accepted = apply_as_player(world, message, player, verdict);
    }
    if (verdict->is_accepted && verdict->player)
        verdict->player->heard_ms = now_ms;
}

void world_verdict_done(struct world_verdict *verdict)
{
    for (size_t i = 0; i < verdict->released_count; i++)
        free(verdict->released[i]);
    free(verdict->released);
    *verdict = (struct world_verdict){ 0 };
}
