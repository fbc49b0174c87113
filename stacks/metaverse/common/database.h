/* SPDX-License-Identifier: MIT */

/*
 * A server's SQLite database
 *
 * WAL with synchronous=FULL: what was answered survives a power cut. Several replicas share
 * one file on a volume, since all run on one kernel; a writer waits for its turn. One
 * `struct database` belongs to one thread. SQL text is fixed at compile time, values are bound.
 */

#pragma once

#include <sqlite3.h>
#include <stddef.h>

#include "util/macro.h"

struct error;
struct database;

/* What a server keeps: the statements that build its tables, and those it runs. */
struct database_schema {
    const char *const *migrations; /* migration n brings the schema to version n + 1 */
    size_t migration_count;
    const char *const *statements; /* indexed by the server's own enum */
    size_t statement_count;
};

/* ERROR_UNSUPPORTED: the file was written by a newer server than this one. */
int database_open(const char *path, const struct database_schema *schema,
                  struct database **database_out, struct error *err) MUST_CHECK;
void database_close(struct database *database);

/* Statement number `id`, reset and with nothing bound; borrowed from the store. */
sqlite3_stmt *database_get(struct database *database, size_t id);

/* Bind a text (NULL: SQL's NULL), which must live until the statement was run. */
void database_bind_text(sqlite3_stmt *statement, int index, const char *text);

/* Run a statement that returns no rows. ERROR_EXISTS: a row with that key is there. */
int database_run(struct database *database, sqlite3_stmt *statement, struct error *err) MUST_CHECK;

/* Step to the next row: 1 when there is one, 0 at the end, -1 on failure. */
int database_next(struct database *database, sqlite3_stmt *statement, struct error *err) MUST_CHECK;

/* A transaction that may write: it takes the writer's lock at once. */
int database_begin(struct database *database, struct error *err) MUST_CHECK;
int database_commit(struct database *database, struct error *err) MUST_CHECK;
void database_rollback(struct database *database);

/* Can the file still be read? */
int database_check(struct database *database, struct error *err) MUST_CHECK;

/* How many rows the last statement changed. */
int database_changes(struct database *database);
