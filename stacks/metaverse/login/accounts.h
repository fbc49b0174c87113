/* SPDX-License-Identifier: MIT */

/*
 * The accounts of the metaverse
 *
 * Sign-up and log-in as the original clients know them. Passwords are kept as Argon2id
 * hashes. An account is closed for a while after several wrong passwords in a row; that is
 * written down with the account, so that it holds on every replica.
 */

#pragma once

#include <stdint.h>

#include "common/database.h"
#include "common/server.h"
#include "common/token.h"

struct accounts {
    int64_t hash_memory_kib; /* Argon2id's m */
    int64_t hash_passes;     /* Argon2id's t */
    int64_t token_life_s;
    int64_t failures_max; /* wrong passwords in a row; 0: any number */
    int64_t lock_s;
    unsigned char secret[TOKEN_SECRET_SIZE];
};

extern const struct database_schema accounts_schema;

/* Handlers; `context` is a struct accounts. */
server_fn accounts_sign_up;
server_fn accounts_log_in;
