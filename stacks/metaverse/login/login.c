/* SPDX-License-Identifier: MIT */

/*
 * The login server
 *
 * Keeps the accounts and signs the session tokens that the other servers check.
 */

#include <stddef.h>

#include "common/keyring.h"
#include "common/program.h"
#include "common/server.h"
#include "login/accounts.h"
#include "util/macro.h"

static struct accounts accounts;

#define ROW(name_, member_, fallback_, min_, max_, doc_)                                      \
    {                                                                                         \
        .name = (name_), .offset = offsetof(struct accounts, member_), .kind = CONFIG_NUMBER, \
        .fallback = (fallback_), .min = (min_), .max = (max_), .doc = (doc_),                 \
    }
static const struct config_row rows[] = {
    ROW("HASH_MEMORY_KIB", hash_memory_kib, "19456", 8, 1048576, "Memory of Argon2id."),
    ROW("HASH_PASSES", hash_passes, "2", 1, 64, "Passes of Argon2id."),
    ROW("TOKEN_SECONDS", token_life_s, "43200", 1, 31536000, "How long a session lasts."),
    ROW("FAILURES_MAX", failures_max, "5", 0, 1000,
        "Wrong passwords in a row that close an account; 0: any."),
    ROW("LOCK_SECONDS", lock_s, "60", 1, 86400, "How long it is closed."),
    { 0 },
};
#undef ROW

static const struct server_route routes[] = {
    { .method = "POST", .path = "/signup", .run = accounts_sign_up },
    { .method = "POST", .path = "/login", .run = accounts_log_in },
    { 0 },
};

static int serve(const struct server_config *config, struct error *err)
{
    struct server_options options = {
        .service = "login",
        .config = config,
        .routes = routes,
        .schema = &accounts_schema,
        .context = &accounts,
    };

    if (keyring_open_secret(config->data_folder, config->key_folder, accounts.secret, err) < 0)
        return -1;
    return server_serve(&options, err);
}

int main(int argc, char **argv)
{
    static const struct program program = {
        .name = "login",
        .summary = "accounts and sessions of the metaverse, over HTTP.",
        .port = "8000",
        .body_max = "16384",
        .rows = rows,
        .config = &accounts,
        .serve = serve,
    };

    (void)argc;
    return program_main(&program, argv);
}
