/* SPDX-License-Identifier: MIT */

/*
 * Which user speaks from which address
 *
 * Each user has one place in a table of fixed size; two users on one place take turns, and
 * the one pushed out authenticates again when it joins.
 */

#include "game/session.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "game/message.h"
#include "util/alloc.h"

#define SLOTS 16384

struct session {
    char user[MESSAGE_ID_MAX + 1];
    struct sockaddr_in address;
    int64_t expires_ms;
};

struct session_table {
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
    struct session sessions[SLOTS];
};

struct session_table *session_new(void)
{
    struct session_table *table = alloc_new(struct session_table);

    crypto_shorthash_keygen(table->hash_key);
    return table;
}

void session_free(struct session_table *table)
{
    free(table);
}

static size_t slot_of(const struct session_table *table, const char *user)
{
    unsigned char bytes[crypto_shorthash_BYTES];
    uint64_t number = 0;

    crypto_shorthash(bytes, (const unsigned char *)user, strlen(user), table->hash_key);
    memcpy(&number, bytes, sizeof(number));
    return number % SLOTS;
}

void session_bind(struct session_table *table, const char *user, const struct sockaddr_in *address,
                  int64_t expires_ms)
{
    struct session *session = &table->sessions[slot_of(table, user)];

    *session = (struct session){ .address = *address, .expires_ms = expires_ms };
    strncpy(session->user, user, sizeof(session->user) - 1);
}

enum session_standing session_look(const struct session_table *table, const char *user,
                                   const struct sockaddr_in *address, int64_t now_ms)
{
    const struct session *session = &table->sessions[slot_of(table, user)];

    if (strcmp(session->user, user) != 0 || session->expires_ms <= now_ms)
        return SESSION_NONE;
    if (session->address.sin_addr.s_addr == address->sin_addr.s_addr &&
        session->address.sin_port == address->sin_port)
        return SESSION_HERE;
    return SESSION_ELSEWHERE;
}
