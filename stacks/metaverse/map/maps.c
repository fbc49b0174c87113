/* SPDX-License-Identifier: MIT */

/*
 * The maps of the metaverse
 */

#include "map/maps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/macro.h"
#include "util/text.h"

#define LIST_MAX 1000

static const char *const migrations[] = {
    "CREATE TABLE chunk ("
    "  map_id REAL NOT NULL,"
    "  version REAL NOT NULL,"
    "  number REAL NOT NULL,"
    "  name TEXT," /* mapName of chunk 0, as JSON */
    "  time TEXT," /* mapCTime of chunk 0 */
    "  body TEXT NOT NULL,"
    "  saved_ms INTEGER NOT NULL,"
    "  owner TEXT,"
    "  PRIMARY KEY (map_id, version, number)"
    ")",
};

enum {
    SQL_ADD,
    SQL_REPLACE,
    SQL_DROP_HIGHER,
    SQL_FIND,
    SQL_LIST,
    SQL_TIME,
};

#define WHERE_MAP " WHERE map_id = ?1 AND version = ?2"

static const char *const statements[] = {
    [SQL_ADD] = "INSERT INTO chunk (map_id, version, number, name, time, body, saved_ms, owner)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [SQL_REPLACE] = "UPDATE chunk SET name = ?4, time = ?5, body = ?6, saved_ms = ?7,"
                    " owner = ?8" WHERE_MAP " AND number = ?3",
    [SQL_DROP_HIGHER] = "DELETE FROM chunk" WHERE_MAP " AND number > ?3",
    [SQL_FIND] = "SELECT body FROM chunk" WHERE_MAP " AND number = ?3",
    [SQL_LIST] = "SELECT map_id, name FROM chunk WHERE number = 0"
                 " ORDER BY map_id, version LIMIT ?1",
    [SQL_TIME] = "SELECT time FROM chunk WHERE map_id = ?1 AND number = 0 AND time NOT NULL"
                 " ORDER BY version DESC LIMIT 1",
};

const struct database_schema maps_schema = {
    .migrations = migrations,
    .migration_count = ARRAY_SIZE(migrations),
    .statements = statements,
    .statement_count = ARRAY_SIZE(statements),
};

/* Which chunk of which map. */
struct place {
    double map_id;
    double version;
    double number;
};

/* A chunk that comes in; the texts are borrowed, the name is owned. */
struct chunk {
    struct place place;
    char *name;
    const char *time;
    const char *body;
    size_t length;
    const char *owner;
};

static bool find_number(const struct json *body, const char *key, double *number_out)
{
    const struct json *member = json_find(body, key);

    *number_out = json_get_number(member, 0);
    return json_is_number(member) && isfinite(*number_out);
}

static bool read_place(const struct json *body, struct place *place_out)
{
    return find_number(body, "map_id", &place_out->map_id) &&
           find_number(body, "version", &place_out->version) &&
           find_number(body, "chunkNum", &place_out->number);
}

static void bind_place(sqlite3_stmt *statement, const struct place *place)
{
    sqlite3_bind_double(statement, 1, place->map_id);
    sqlite3_bind_double(statement, 2, place->version);
    sqlite3_bind_double(statement, 3, place->number);
}

static int write_chunk(struct database *database, size_t sql, const struct chunk *chunk,
                       struct error *err)
{
    sqlite3_stmt *statement = database_get(database, sql);

    bind_place(statement, &chunk->place);
    database_bind_text(statement, 4, chunk->name);
    database_bind_text(statement, 5, chunk->time);
    sqlite3_bind_text64(statement, 6, chunk->body, chunk->length, SQLITE_STATIC, SQLITE_UTF8);
    sqlite3_bind_int64(statement, 7, clock_wall_ms());
    database_bind_text(statement, 8, chunk->owner);
    return database_run(database, statement, err);
}

static int drop_higher(struct database *database, const struct place *place, struct error *err)
{
    sqlite3_stmt *statement = database_get(database, SQL_DROP_HIGHER);

    bind_place(statement, place);
    return database_run(database, statement, err);
}

/* Within a transaction: replace the chunk and drop those after it, or add it. */
static int put_chunk(struct database *database, const struct chunk *chunk, bool *was_there_out,
                     struct error *err)
{
    if (write_chunk(database, SQL_REPLACE, chunk, err) < 0)
        return -1;
    *was_there_out = database_changes(database) > 0;
    if (*was_there_out)
        return drop_higher(database, &chunk->place, err);
    return write_chunk(database, SQL_ADD, chunk, err);
}

static int save_chunk(struct database *database, const struct chunk *chunk, bool *was_there_out,
                      struct error *err)
{
    if (database_begin(database, err) < 0)
        return -1;
    if (put_chunk(database, chunk, was_there_out, err) < 0 || database_commit(database, err) < 0) {
        database_rollback(database);
        return -1;
    }
    return 0;
}

/* The body without the white space around it, since it is put into an answer as it is. */
static void trim(const struct request *request, struct chunk *chunk)
{
    const char *space = " \t\r\n";

    chunk->body = request->body + strspn(request->body, space);
    chunk->length = request->length - (size_t)(chunk->body - request->body);
    while (chunk->length > 0 && strchr(space, chunk->body[chunk->length - 1]))
        chunk->length--;
}

void maps_save(void *context, struct database *database, const struct request *request,
               struct reply *reply)
{
    AUTO(json) struct json *body = request_parse(request);
    struct chunk chunk = { .owner = request->has_user ? request->user.user : NULL };
    AUTO_FREE char *name = NULL;
    struct error err = { 0 };
    bool was_there = false;

    (void)context;
    if (!read_place(body, &chunk.place)) {
        reply_code(reply, 400, 0, "body error");
        return;
    }
    if (json_find(body, "mapName"))
        name = json_print(json_find(body, "mapName"), false);
    chunk.name = name;
    chunk.time = json_find_text(body, "mapCTime", NULL);
    trim(request, &chunk);
    if (save_chunk(database, &chunk, &was_there, &err) < 0)
        reply_unavailable(reply, &err);
    else if (was_there)
        reply_code(reply, 200, 1, "update success");
    else
        reply_code(reply, 201, 1, "insert success");
}

static bool query_number(const struct request *request, const char *key, double *number_out)
{
    const char *text = request_find(request, key);
    char *end = NULL;

    if (!text || *text == '\0')
        return false;
    *number_out = strtod(text, &end);
    return *end == '\0' && isfinite(*number_out);
}

void maps_load(void *context, struct database *database, const struct request *request,
               struct reply *reply)
{
    sqlite3_stmt *row = database_get(database, SQL_FIND);
    AUTO_TEXT struct text text = { 0 };
    struct place place = { 0 };
    struct error err = { 0 };
    int found = 0;

    (void)context;
    if (query_number(request, "mapID", &place.map_id) &&
        query_number(request, "version", &place.version) &&
        query_number(request, "chunk", &place.number)) {
        bind_place(row, &place);
        found = database_next(database, row, &err);
    }
    if (found <= 0) {
        if (found < 0)
            reply_unavailable(reply, &err);
        else
            reply_code(reply, 404, 0, "No documents found");
        return;
    }
    text_add(&text, "{\"code\":1,\"message\":");
    text_add_bytes(&text, sqlite3_column_text(row, 0), (size_t)sqlite3_column_bytes(row, 0));
    text_add_char(&text, '}');
    sqlite3_reset(row);
    reply->status = 200;
    reply->length = text.length;
    reply->body = text_steal(&text);
}

void maps_list(void *context, struct database *database, const struct request *request,
               struct reply *reply)
{
    sqlite3_stmt *rows = database_get(database, SQL_LIST);
    struct json *list = json_new_array();
    struct json *json = NULL;
    struct error err = { 0 };
    int more = 0;

    (void)context;
    (void)request;
    sqlite3_bind_int64(rows, 1, LIST_MAX);
    while ((more = database_next(database, rows, &err)) > 0) {
        struct json *entry = json_new_object();
        const char *name = (const char *)sqlite3_column_text(rows, 1);
        struct error unused = { 0 };

        json_set_number(entry, "map_id", sqlite3_column_double(rows, 0));
        json_set(entry, "mapName",
                 name ? json_parse(name, strlen(name), &unused) : json_new_text(NULL));
        json_append(list, entry);
    }
    if (more < 0) {
        json_free(list);
        reply_unavailable(reply, &err);
        return;
    }
    json = json_new_object();
    json_set_int(json, "code", 1);
    json_set(json, "message", list);
    reply_json(reply, 200, json);
}

void maps_time(void *context, struct database *database, const struct request *request,
               struct reply *reply)
{
    sqlite3_stmt *row = database_get(database, SQL_TIME);
    struct error err = { 0 };
    double map_id = 0;
    int found = 0;

    (void)context;
    if (query_number(request, "mapId", &map_id)) {
        sqlite3_bind_double(row, 1, map_id);
        found = database_next(database, row, &err);
    }
    if (found < 0)
        reply_unavailable(reply, &err);
    else if (found == 0)
        reply_code(reply, 404, 0, "No data found");
    else
        reply_code(reply, 200, 1, (const char *)sqlite3_column_text(row, 0));
    sqlite3_reset(row);
}
