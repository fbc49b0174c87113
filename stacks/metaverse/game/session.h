/* SPDX-License-Identifier: MIT */

/*
 * Which user speaks from which address
 *
 * `Auth$UserId;Time;token` binds a user to the address that the token came from, until the
 * token expires. A bound user can join from no other address.
 */

#pragma once

#include <netinet/in.h>
#include <stdint.h>

enum session_standing {
    SESSION_NONE,
    SESSION_HERE,      /* bound to this address */
    SESSION_ELSEWHERE, /* bound to another one */
};

struct session_table;

struct session_table *session_new(void);
void session_free(struct session_table *table);

void session_bind(struct session_table *table, const char *user, const struct sockaddr_in *address,
                  int64_t expires_ms);
enum session_standing session_look(const struct session_table *table, const char *user,
                                   const struct sockaddr_in *address, int64_t now_ms);
