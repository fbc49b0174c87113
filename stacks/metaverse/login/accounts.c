/* SPDX-License-Identifier: MIT */

/*
 * The accounts of the metaverse
 */

#include "login/accounts.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/strict.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/json.h"
#include "util/macro.h"

#define HASH_SIZE crypto_pwhash_STRBYTES

static const char *const migrations[] = {
    "CREATE TABLE account ("
    "  user_id TEXT PRIMARY KEY NOT NULL,"
    "  hash TEXT NOT NULL,"
    "  nickname TEXT NOT NULL,"
    "  email TEXT NOT NULL,"
    "  created_ms INTEGER NOT NULL,"
    "  failures INTEGER NOT NULL DEFAULT 0,"
    "  locked_until_ms INTEGER NOT NULL DEFAULT 0"
    ") WITHOUT ROWID",
};

enum {
    SQL_FIND,
    SQL_ADD,
    SQL_FAILED,
    SQL_SUCCEEDED,
};

static const char *const statements[] = {
    [SQL_FIND] = "SELECT hash, nickname, email, failures, locked_until_ms FROM account"
                 " WHERE user_id = ?1",
    [SQL_ADD] = "INSERT INTO account (user_id, hash, nickname, email, created_ms)"
                " VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_FAILED] = "UPDATE account SET locked_until_ms = CASE WHEN failures + 1 >= ?2 THEN ?3"
                   " ELSE 0 END, failures = CASE WHEN failures + 1 >= ?2 THEN 0"
                   " ELSE failures + 1 END WHERE user_id = ?1",
    [SQL_SUCCEEDED] = "UPDATE account SET failures = 0, locked_until_ms = 0 WHERE user_id = ?1",
};

const struct database_schema accounts_schema = {
    .migrations = migrations,
    .migration_count = ARRAY_SIZE(migrations),
    .statements = statements,
    .statement_count = ARRAY_SIZE(statements),
};

struct account {
    char hash[HASH_SIZE];
    char nickname[65];
    char email[255];
    int64_t failures;
    int64_t locked_until_ms;
};

/* A text member with between `min` and `max` bytes and no control characters, or NULL. */
static const char *find_line(const struct json *body, const char *key, size_t min, size_t max)
{
    const char *text = json_get_text(json_find(body, key), NULL);

    if (!text || strlen(text) < min || strlen(text) > max || !strict_is_line(text))
        return NULL;
    return text;
}

/* A user's id also stands in game messages, whose fields end at ';' and '$'. */
static const char *find_user_id(const struct json *body)
{
    const char *user_id = find_line(body, "user_id", 1, TOKEN_USER_MAX);

    return user_id && !strpbrk(user_id, ";$") ? user_id : NULL;
}

static void copy_column(sqlite3_stmt *row, int column, char *text, size_t size)
{
    const unsigned char *value = sqlite3_column_text(row, column);

    strncpy(text, value ? (const char *)value : "", size - 1);
}

/* 1 when the account is there, 0 when not, -1 on failure. */
static int find_account(struct database *database, const char *user_id, struct account *account_out,
                        struct error *err)
{
    sqlite3_stmt *row = database_get(database, SQL_FIND);
    int found = 0;

    database_bind_text(row, 1, user_id);
    found = database_next(database, row, err);
    if (found > 0) {
        *account_out = (struct account){
            .failures = sqlite3_column_int64(row, 3),
            .locked_until_ms = sqlite3_column_int64(row, 4),
        };
        copy_column(row, 0, account_out->hash, sizeof(account_out->hash));
        copy_column(row, 1, account_out->nickname, sizeof(account_out->nickname));
        copy_column(row, 2, account_out->email, sizeof(account_out->email));
        sqlite3_reset(row);
    }
    return found;
}

static int add_account(const struct accounts *accounts, struct database *database,
                       const struct json *body, struct error *err)
{
    const char *password = json_find_text(body, "user_pw", "");
    sqlite3_stmt *row = NULL;
    char hash[HASH_SIZE];

    if (crypto_pwhash_str(hash, password, strlen(password),
                          (unsigned long long)accounts->hash_passes,
                          (size_t)accounts->hash_memory_kib * 1024) != 0)
        return error_set(err, ERROR_SYSTEM, "not enough memory to hash a password");
    row = database_get(database, SQL_ADD);
    database_bind_text(row, 1, json_find_text(body, "user_id", ""));
    database_bind_text(row, 2, hash);
    database_bind_text(row, 3, json_find_text(body, "nickname", ""));
    database_bind_text(row, 4, json_find_text(body, "email", ""));
    sqlite3_bind_int64(row, 5, clock_wall_ms());
    return database_run(database, row, err);
}

void accounts_sign_up(void *context, struct database *database, const struct request *request,
                      struct reply *reply)
{
    AUTO(json) struct json *body = request_parse(request);
    struct account account = { 0 };
    struct error err = { 0 };
    int found = 0;

    if (!find_user_id(body) || !find_line(body, "user_pw", 1, 128) ||
        !find_line(body, "nickname", 0, sizeof(account.nickname) - 1) ||
        !find_line(body, "email", 0, sizeof(account.email) - 1)) {
        reply_code(reply, 400, 0, "bad request");
        return;
    }
    /* Looking first spares the hash; the key of the table decides between two at once. */
    found = find_account(database, find_user_id(body), &account, &err);
    if (found == 0 && add_account(context, database, body, &err) == 0)
        reply_code(reply, 200, 1, "Sign up Success");
    else if (found > 0 || err.code == ERROR_EXISTS)
        reply_code(reply, 400, 0, "existing id");
    else
        reply_unavailable(reply, &err);
}

static void reply_welcome(const struct accounts *accounts, const char *user_id,
                          const struct account *account, struct reply *reply)
{
    struct token_claims claims = { .issued_s = clock_wall_ms() / 1000 };
    char token[TOKEN_SIZE_MAX];
    struct json *message = NULL;
    struct json *json = NULL;
    struct error err = { 0 };

    strcpy(claims.user, user_id);
    claims.expires_s = claims.issued_s + accounts->token_life_s;
    if (token_sign(&claims, accounts->secret, token, &err) < 0) {
        reply_unavailable(reply, &err);
        return;
    }
    message = json_new_object();
    json = json_new_object();
    json_set_text(message, "user_id", user_id);
    json_set_text(message, "nickname", account->nickname);
    json_set_text(message, "email", account->email);
    json_set_text(message, "token", token);
    json_set_int(json, "code", 1);
    json_set(json, "message", message);
    reply_json(reply, 200, json);
}

/* Count a wrong password, or forget those before a right one. */
static int note_attempt(const struct accounts *accounts, struct database *database,
                        const char *user_id, bool was_right, struct error *err)
{
    sqlite3_stmt *row = database_get(database, was_right ? SQL_SUCCEEDED : SQL_FAILED);

    database_bind_text(row, 1, user_id);
    if (!was_right) {
        sqlite3_bind_int64(row, 2, accounts->failures_max);
        sqlite3_bind_int64(row, 3, clock_wall_ms() + accounts->lock_s * 1000);
    }
    return database_run(database, row, err);
}

static void log_in(const struct accounts *accounts, struct database *database,
                   const struct json *body, struct reply *reply)
{
    const char *user_id = find_user_id(body);
    const char *password = json_find_text(body, "user_pw", "");
    struct account account = { 0 };
    struct error err = { 0 };
    int found = find_account(database, user_id, &account, &err);
    int64_t locked_ms = account.locked_until_ms - clock_wall_ms();
    bool is_right = false;

    if (found <= 0) {
        if (found < 0)
            reply_unavailable(reply, &err);
        else
            reply_code(reply, 200, 0, "user not found");
        return;
    }
    if (accounts->failures_max > 0 && locked_ms > 0) {
        reply->retry_after_s = (int)MIN(locked_ms / 1000 + 1, INT64_C(86400));
        reply_code(reply, 429, 0, "too many attempts");
        return;
    }
    is_right = crypto_pwhash_str_verify(account.hash, password, strlen(password)) == 0;
    if (accounts->failures_max > 0 && (!is_right || account.failures > 0) &&
        note_attempt(accounts, database, user_id, is_right, &err) < 0)
        reply_unavailable(reply, &err);
    else if (!is_right)
        reply_code(reply, 200, 0, "password mismatch");
    else
        reply_welcome(accounts, user_id, &account, reply);
}

void accounts_log_in(void *context, struct database *database, const struct request *request,
                     struct reply *reply)
{
    AUTO(json) struct json *body = request_parse(request);

    if (!find_user_id(body) || !find_line(body, "user_pw", 1, 128))
        reply_code(reply, 400, 0, "bad request");
    else
        log_in(context, database, body, reply);
}
