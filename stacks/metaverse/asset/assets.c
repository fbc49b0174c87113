/* SPDX-License-Identifier: MIT */

/*
 * The assets of the metaverse
 *
 * The bytes lie in a table of their own, so that counting a download does not write them
 * again. Answers are written as text, not built as a tree, because a file is large.
 */

#include "asset/assets.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asset/fold.h"
#include "asset/upload.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/macro.h"
#include "util/text.h"

#define NAMES_MAX 1000               /* assets in one answer of asset_search */
#define ROWS_MAX 100                 /* assets in one answer of the others */
#define ANSWER_MAX (8 * 1024 * 1024) /* an answer longer than this ends the page */
#define BASE64 sodium_base64_VARIANT_ORIGINAL

static const char *const migrations[] = {
    "CREATE TABLE asset ("
    "  id TEXT PRIMARY KEY NOT NULL,"
    "  name TEXT NOT NULL,"
    "  folded TEXT NOT NULL,"
    "  category INTEGER NOT NULL,"
    "  thumbnail_ext TEXT NOT NULL,"
    "  uploaded TEXT NOT NULL,"
    "  downloads INTEGER NOT NULL DEFAULT 0,"
    "  price INTEGER NOT NULL,"
    "  disabled INTEGER NOT NULL,"
    "  digest TEXT NOT NULL,"
    "  owner TEXT"
    ") WITHOUT ROWID;"
    "CREATE TABLE content ("
    "  id TEXT PRIMARY KEY NOT NULL REFERENCES asset (id),"
    "  thumbnail BLOB NOT NULL,"
    "  file BLOB NOT NULL"
    ")",
};

enum {
    SQL_ADD,
    SQL_ADD_CONTENT,
    SQL_SEARCH,
    SQL_LIST,
    SQL_COUNT,
    SQL_FILE,
};

static const char *const statements[] = {
    [SQL_ADD] = "INSERT INTO asset (id, name, folded, category, thumbnail_ext, uploaded, price,"
                " disabled, digest, owner) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [SQL_ADD_CONTENT] = "INSERT INTO content (id, thumbnail, file) VALUES (?1, ?2, ?3)",
    [SQL_SEARCH] = "SELECT id, name FROM asset WHERE (?1 IS NULL OR instr(folded, ?1) > 0)"
                   " AND (?2 IS NULL OR category = ?2) AND id > ?3 ORDER BY id LIMIT ?4",
    [SQL_LIST] = "SELECT asset.id, name, category, thumbnail_ext, uploaded, downloads, price,"
                 " disabled, thumbnail, file FROM asset JOIN content USING (id)"
                 " WHERE (?1 IS NULL OR asset.id = ?1) AND asset.id > ?2"
                 " ORDER BY asset.id LIMIT ?3",
    [SQL_COUNT] = "UPDATE asset SET downloads = downloads + 1 WHERE id = ?1",
    [SQL_FILE] = "SELECT digest, file FROM asset JOIN content USING (id) WHERE asset.id = ?1",
};

const struct database_schema assets_schema = {
    .migrations = migrations,
    .migration_count = ARRAY_SIZE(migrations),
    .statements = statements,
    .statement_count = ARRAY_SIZE(statements),
};

enum column {
    COLUMN_ID,
    COLUMN_NAME,
    COLUMN_CATEGORY,
    COLUMN_THUMBNAIL_EXT,
    COLUMN_UPLOADED,
    COLUMN_DOWNLOADS,
    COLUMN_PRICE,
    COLUMN_DISABLED,
    COLUMN_THUMBNAIL,
    COLUMN_FILE,
};

enum spelling {
    AS_TEXT, /* numbers too: the original quotes them all */
    AS_FLAG,
    AS_BASE64,
};

/* A member of an answer, and the column it comes from. */
struct member {
    const char *key;
    enum column column;
    enum spelling spelling;
};

static const struct member info_members[] = {
    { "id", COLUMN_ID, AS_TEXT },
    { "name", COLUMN_NAME, AS_TEXT },
    { "categoryid", COLUMN_CATEGORY, AS_TEXT },
    { "thumbnail", COLUMN_THUMBNAIL, AS_BASE64 },
    { "thumbnailext", COLUMN_THUMBNAIL_EXT, AS_TEXT },
    { "file", COLUMN_FILE, AS_BASE64 },
    { "uploadDate", COLUMN_UPLOADED, AS_TEXT },
    { "downloadCount", COLUMN_DOWNLOADS, AS_TEXT },
    { "price", COLUMN_PRICE, AS_TEXT },
    { "isDisable", COLUMN_DISABLED, AS_FLAG },
    { 0 },
};

static const struct member down_members[] = {
    { "id", COLUMN_ID, AS_TEXT },
    { "file", COLUMN_FILE, AS_BASE64 },
    { 0 },
};

static const struct member thumbnail_members[] = {
    { "id", COLUMN_ID, AS_TEXT },
    { "thumbnail", COLUMN_THUMBNAIL, AS_BASE64 },
    { "thumbnailext", COLUMN_THUMBNAIL_EXT, AS_TEXT },
    { 0 },
};

static const struct member search_members[] = {
    { "id", COLUMN_ID, AS_TEXT },
    { "name", COLUMN_NAME, AS_TEXT },
    { 0 },
};

/* Ids begin with the time, so that a list is in the order of uploads. */
static void make_id(char id_out[25])
{
    unsigned char bytes[12];
    uint32_t seconds = (uint32_t)(clock_wall_ms() / 1000);

    randombytes_buf(bytes, sizeof(bytes));
    for (size_t i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(seconds >> (24 - 8 * i));
    sodium_bin2hex(id_out, 25, bytes, sizeof(bytes));
}

static int add_row(struct database *database, const struct upload *upload, const char *id,
                   const char *owner, struct error *err)
{
    sqlite3_stmt *row = database_get(database, SQL_ADD);
    AUTO_FREE char *folded = fold_text(upload->name);
    unsigned char digest[crypto_hash_sha256_BYTES];
    char digest_text[2 * sizeof(digest) + 1];
    char uploaded[32];

    clock_format_wall(clock_wall_ms(), uploaded);
    crypto_hash_sha256(digest, upload->file.data, upload->file.length);
    sodium_bin2hex(digest_text, sizeof(digest_text), digest, sizeof(digest));
    database_bind_text(row, 1, id);
    database_bind_text(row, 2, upload->name);
    database_bind_text(row, 3, folded);
    sqlite3_bind_int64(row, 4, upload->category);
    database_bind_text(row, 5, upload->thumbnail_ext);
    database_bind_text(row, 6, uploaded);
    sqlite3_bind_int64(row, 7, upload->price);
    sqlite3_bind_int64(row, 8, upload->is_disabled);
    database_bind_text(row, 9, digest_text);
    database_bind_text(row, 10, owner);
    return database_run(database, row, err);
}

static int add_content(struct database *database, const struct upload *upload, const char *id,
                       struct error *err)
{
    sqlite3_stmt *row = database_get(database, SQL_ADD_CONTENT);

    database_bind_text(row, 1, id);
    sqlite3_bind_blob64(row, 2, upload->thumbnail.data, upload->thumbnail.length, SQLITE_STATIC);
    sqlite3_bind_blob64(row, 3, upload->file.data, upload->file.length, SQLITE_STATIC);
    return database_run(database, row, err);
}

static int add_asset(struct database *database, const struct upload *upload, const char *owner,
                     struct error *err)
{
    char id[25];

    make_id(id);
    if (database_begin(database, err) < 0)
        return -1;
    if (add_row(database, upload, id, owner, err) < 0 ||
        add_content(database, upload, id, err) < 0 || database_commit(database, err) < 0) {
        database_rollback(database);
        return -1;
    }
    return 0;
}

void assets_upload(void *context, struct database *database, const struct request *request,
                   struct reply *reply)
{
    AUTO(json) struct json *body = request_parse(request);
    struct upload upload = { 0 };
    struct error err = { 0 };

    (void)context;
    if (!body) {
        reply_code(reply, 400, 0, "body must be a JSON object");
    } else if (upload_read(body, &upload, &err) < 0) {
        reply_code(reply, 400, 0, err.text);
    } else if (add_asset(database, &upload, request->has_user ? request->user.user : NULL, &err) <
               0) {
        reply_unavailable(reply, &err);
    } else {
        reply_bytes(reply, NULL,
                    alloc_text("{\"code\":1,\"message\":\"Asset created successfully\","
                               "\"data\":null}"),
                    0);
        reply->status = 201;
        reply->length = strlen(reply->body);
    }
    upload_done(&upload);
}

static void add_base64(struct text *text, const void *bytes, size_t length)
{
    size_t size = sodium_base64_encoded_len(length, BASE64);
    AUTO_FREE char *encoded = alloc_array(char, size);

    sodium_bin2base64(encoded, size, bytes, length, BASE64);
    text_add_bytes(text, encoded, size - 1);
}

static void add_member(struct text *text, sqlite3_stmt *row, const struct member *member)
{
    int column = (int)member->column;

    text_add_format(text, "\"%s\":", member->key);
    if (member->spelling == AS_BASE64) {
        const void *bytes = sqlite3_column_blob(row, column);

        text_add_char(text, '"');
        add_base64(text, bytes, (size_t)sqlite3_column_bytes(row, column));
        text_add_char(text, '"');
    } else if (member->spelling == AS_FLAG) {
        text_add(text, sqlite3_column_int(row, column) ? "\"true\"" : "\"false\"");
    } else {
        text_add_quoted(text, (const char *)sqlite3_column_text(row, column));
    }
}

/* Answer with the rows of a statement that is bound, of which no more than `limit` come. */
static void reply_rows(struct database *database, sqlite3_stmt *rows, const struct member *members,
                       int64_t limit, struct reply *reply)
{
    AUTO_TEXT struct text text = { 0 };
    struct error err = { 0 };
    int64_t count = 0;
    int more = 0;

    text_add(&text, "{\"code\":1,\"message\":\"Assets retrieved successfully\",\"data\":[");
    while (text.length < ANSWER_MAX && (more = database_next(database, rows, &err)) > 0) {
        text_add(&text, count++ > 0 ? ",{" : "{");
        for (const struct member *m = members; m->key; m++) {
            if (m != members)
                text_add_char(&text, ',');
            add_member(&text, rows, m);
        }
        text_add_char(&text, '}');
        snprintf(reply->next, sizeof(reply->next), "%s",
                 (const char *)sqlite3_column_text(rows, COLUMN_ID));
    }
    sqlite3_reset(rows);
    /* The page is the last one when the rows ended before it was full. */
    if (more == 0 && count < limit)
        reply->next[0] = '\0';
    if (more < 0) {
        reply_unavailable(reply, &err);
        return;
    }
    text_add(&text, "]}");
    if (count == 0) {
        text_clear(&text);
        text_add(&text, "{\"code\":1,\"message\":\"Success, but no assets found matching the "
                        "criteria\",\"data\":null}");
    }
    reply->status = 200;
    reply->length = text.length;
    reply->body = text_steal(&text);
}

/* The page that is asked for: its size and the id before it. */
static void read_page(const struct request *request, int64_t limit_max, int64_t *limit_out,
                      const char **after_out)
{
    const int64_t range[] = { 1, limit_max };

    *limit_out = limit_max;
    *after_out = request_find(request, "after");
    if (!*after_out)
        *after_out = "";
    if (!request_find_int(request, "limit", range, limit_out))
        *limit_out = limit_max;
}

void assets_search(void *context, struct database *database, const struct request *request,
                   struct reply *reply)
{
    static const int64_t any[] = { INT64_MIN, INT64_MAX };
    sqlite3_stmt *rows = database_get(database, SQL_SEARCH);
    const char *name = request_find(request, "name");
    const char *category_text = request_find(request, "categoryid");
    AUTO_FREE char *folded = fold_text(name ? name : "");
    const char *after = NULL;
    int64_t limit = 0;
    int64_t category = 0;

    (void)context;
    if (category_text && *category_text) {
        if (!request_find_int(request, "categoryid", any, &category)) {
            reply_code(reply, 400, 0, "Invalid category ID");
            return;
        }
        sqlite3_bind_int64(rows, 2, category);
    }
    read_page(request, NAMES_MAX, &limit, &after);
    database_bind_text(rows, 1, *folded ? folded : NULL);
    database_bind_text(rows, 3, after);
    sqlite3_bind_int64(rows, 4, limit);
    reply_rows(database, rows, search_members, limit, reply);
    sqlite3_clear_bindings(rows);
}

/* Answer with one asset or a page of all; false when the id is malformed. */
static bool reply_assets(struct database *database, const struct request *request,
                         const struct member *members, char id_out[25], struct reply *reply)
{
    sqlite3_stmt *rows = database_get(database, SQL_LIST);
    const char *id = request_find(request, "id");
    const char *after = NULL;
    int64_t limit = 0;

    id_out[0] = '\0';
    if (id && *id && !upload_read_id(id, id_out)) {
        reply_code(reply, 400, 0, "Invalid ID format");
        return false;
    }
    read_page(request, ROWS_MAX, &limit, &after);
    database_bind_text(rows, 1, id_out[0] ? id_out : NULL);
    database_bind_text(rows, 2, after);
    sqlite3_bind_int64(rows, 3, limit);
    reply_rows(database, rows, members, limit, reply);
    sqlite3_clear_bindings(rows);
    return true;
}

void assets_info(void *context, struct database *database, const struct request *request,
                 struct reply *reply)
{
    char id[25];

    (void)context;
    reply_assets(database, request, info_members, id, reply);
}

void assets_down(void *context, struct database *database, const struct request *request,
                 struct reply *reply)
{
    struct error err = { 0 };
    char id[25];
    sqlite3_stmt *row = NULL;

    (void)context;
    if (!reply_assets(database, request, down_members, id, reply) || id[0] == '\0')
        return;
    row = database_get(database, SQL_COUNT);
    database_bind_text(row, 1, id);
    if (database_run(database, row, &err) < 0) {
        reply_done(reply);
        reply_unavailable(reply, &err);
    }
}

void assets_thumbnail(void *context, struct database *database, const struct request *request,
                      struct reply *reply)
{
    char id[25];

    (void)context;
    reply_assets(database, request, thumbnail_members, id, reply);
}

/* `path` is /v1/assets/ID/file. */
static bool read_path(const char *path, char id_out[25])
{
    const char *id = path + strlen("/v1/assets/");
    const char *slash = strchr(id, '/');
    AUTO_FREE char *text = NULL;

    if (!slash || strcmp(slash, "/file") != 0)
        return false;
    text = alloc_text_part(id, (size_t)(slash - id));
    return upload_read_id(text, id_out);
}

void assets_file(void *context, struct database *database, const struct request *request,
                 struct reply *reply)
{
    sqlite3_stmt *row = database_get(database, SQL_FILE);
    struct error err = { 0 };
    char id[25];
    size_t length = 0;

    (void)context;
    if (!read_path(request->path, id)) {
        reply_code(reply, 404, 0, "not found");
        return;
    }
    database_bind_text(row, 1, id);
    switch (database_next(database, row, &err)) {
    case 0:
        reply_code(reply, 404, 0, "not found");
        return;
    case 1:
        break;
    default:
        reply_unavailable(reply, &err);
        return;
    }
    snprintf(reply->etag, sizeof(reply->etag), "\"%s\"", (const char *)sqlite3_column_text(row, 0));
    if (request->if_none_match && strcmp(request->if_none_match, reply->etag) == 0) {
        reply->status = 304;
    } else {
        const void *bytes = sqlite3_column_blob(row, 1);

        length = (size_t)sqlite3_column_bytes(row, 1);
        reply_bytes(reply, "application/octet-stream", alloc_text_part(bytes, length), length);
    }
    sqlite3_reset(row);
}
