/* SPDX-License-Identifier: MIT */

/*
 * A server's SQLite database
 */

#include "common/database.h"

#include <stdio.h>
#include <stdlib.h>

#include "util/alloc.h"
#include "util/error.h"

#define BUSY_TIMEOUT_MS 5000

struct database {
    sqlite3 *db;
    size_t count;
    sqlite3_stmt *statements[];
};

static int fail(struct database *database, const char *doing, struct error *err)
{
    int code = sqlite3_errcode(database->db);

    return error_set(err, (code & 0xff) == SQLITE_CONSTRAINT ? ERROR_EXISTS : ERROR_SYSTEM,
                     "%s: %s", doing, sqlite3_errmsg(database->db));
}

static int execute(struct database *database, const char *sql, struct error *err)
{
    if (sqlite3_exec(database->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return fail(database, "run SQL", err);
    return 0;
}

static int read_version(struct database *database, size_t *version_out, struct error *err)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(database->db, "PRAGMA user_version", -1, &statement, NULL) !=
            SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW) {
        sqlite3_finalize(statement);
        return fail(database, "read the schema's version", err);
    }
    *version_out = (size_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return 0;
}

/* Under the writer's lock, so that of several new replicas one migrates and the rest see it. */
static int migrate(struct database *database, const struct database_schema *schema,
                   struct error *err)
{
    size_t version = 0;
    char pragma[48];

    if (read_version(database, &version, err) < 0)
        return -1;
    if (version > schema->migration_count)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the database has schema %zu, this server knows %zu: run a newer server",
                         version, schema->migration_count);
    for (; version < schema->migration_count; version++) {
        snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %zu", version + 1);
        if (execute(database, schema->migrations[version], err) < 0 ||
            execute(database, pragma, err) < 0)
            return error_wrap(err, "migrate to schema %zu", version + 1);
    }
    return 0;
}

static int prepare(struct database *database, const struct database_schema *schema,
                   struct error *err)
{
    size_t version = 0;

    sqlite3_busy_timeout(database->db, BUSY_TIMEOUT_MS);
    if (execute(database,
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2048;"
                "PRAGMA journal_size_limit = 16777216; PRAGMA trusted_schema = OFF",
                err) < 0)
        return -1;
    if (read_version(database, &version, err) < 0)
        return -1;
    if (version != schema->migration_count) {
        if (database_begin(database, err) < 0)
            return -1;
        if (migrate(database, schema, err) < 0 || database_commit(database, err) < 0) {
            database_rollback(database);
            return -1;
        }
    }
    for (size_t i = 0; i < schema->statement_count; i++, database->count++)
        if (sqlite3_prepare_v3(database->db, schema->statements[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &database->statements[i], NULL) != SQLITE_OK)
            return fail(database, "prepare SQL", err);
    return 0;
}

int database_open(const char *path, const struct database_schema *schema,
                  struct database **database_out, struct error *err)
{
    size_t size = sizeof(struct database) + schema->statement_count * sizeof(sqlite3_stmt *);
    struct database *database = alloc_zeroed(1, size);

    if (sqlite3_open_v2(path, &database->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        fail(database, "open the database", err);
        database_close(database);
        return error_wrap(err, "'%s'", path);
    }
    if (prepare(database, schema, err) < 0) {
        database_close(database);
        return error_wrap(err, "'%s'", path);
    }
    *database_out = database;
    return 0;
}

void database_close(struct database *database)
{
    if (!database)
        return;
    for (size_t i = 0; i < database->count; i++)
        sqlite3_finalize(database->statements[i]);
    sqlite3_close(database->db);
    free(database);
}

sqlite3_stmt *database_get(struct database *database, size_t id)
{
    sqlite3_stmt *statement = database->statements[id];

    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return statement;
}

void database_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

int database_run(struct database *database, sqlite3_stmt *statement, struct error *err)
{
    int result = 0;

    if (sqlite3_step(statement) != SQLITE_DONE)
        result = fail(database, "write to the database", err);
    sqlite3_reset(statement);
    return result;
}

int database_next(struct database *database, sqlite3_stmt *statement, struct error *err)
{
    int code = sqlite3_step(statement);

    if (code == SQLITE_ROW)
        return 1;
    if (code == SQLITE_DONE) {
        sqlite3_reset(statement);
        return 0;
    }
    fail(database, "read the database", err);
    sqlite3_reset(statement);
    return -1;
}

int database_begin(struct database *database, struct error *err)
{
    return execute(database, "BEGIN IMMEDIATE", err);
}

int database_commit(struct database *database, struct error *err)
{
    return execute(database, "COMMIT", err);
}

void database_rollback(struct database *database)
{
    if (!sqlite3_get_autocommit(database->db))
        sqlite3_exec(database->db, "ROLLBACK", NULL, NULL, NULL);
}

int database_check(struct database *database, struct error *err)
{
    return execute(database, "SELECT count(*) FROM sqlite_schema", err);
}

int database_changes(struct database *database)
{
    return sqlite3_changes(database->db);
}
