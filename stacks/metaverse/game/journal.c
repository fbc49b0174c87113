/* SPDX-License-Identifier: MIT */

/*
 * The game's durable log
 */

#include "game/journal.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "common/database.h"
#include "common/work.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/log.h"

#define WAITING_MAX 65536 /* entries */
#define LAZY_MS 100       /* how long entries that nobody waits for may gather */
#define PRUNE_PERIOD_MS 60000
#define PRUNE_ROWS "20000"

static const char *const migrations[] = {
    "CREATE TABLE message ("
    "  seq INTEGER PRIMARY KEY,"
    "  at_ms INTEGER NOT NULL,"
    "  map TEXT NOT NULL,"
    "  user TEXT NOT NULL,"
    "  command TEXT NOT NULL,"
    "  object TEXT,"
    "  text TEXT NOT NULL"
    ");"
    "CREATE INDEX message_object ON message (map, object, seq) WHERE object NOT NULL;"
    "CREATE INDEX message_edit ON message (map, seq) WHERE object NOT NULL;"
    "CREATE INDEX message_move ON message (at_ms) WHERE command IN ('PlayerMove', 'PlayerJump')",
};

enum {
    SQL_ADD,
    SQL_REPLAY,
    SQL_UNLOCK,
    SQL_PRUNE,
};

#define LOCKING "('AssetSelect', 'AssetDeselect', 'AssetDelete')"

static const char *const statements[] = {
    [SQL_ADD] = "INSERT INTO message (at_ms, map, user, command, object, text)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_REPLAY] = "SELECT text FROM message INDEXED BY message_edit WHERE map = ?1"
                   " AND object NOT NULL AND at_ms >= ?2 ORDER BY seq LIMIT ?3",
    [SQL_UNLOCK] = "INSERT INTO message (at_ms, map, user, command, object, text)"
                   " SELECT ?1, map, user, 'AssetDeselect', object,"
                   "  'AssetDeselect$' || user || ';' || ?2 || ';' || object || ';s'"
                   " FROM message AS taken WHERE object NOT NULL AND command = 'AssetSelect'"
                   " AND NOT EXISTS (SELECT 1 FROM message AS later WHERE later.map = taken.map"
                   "  AND later.object = taken.object AND later.seq > taken.seq"
                   "  AND later.object NOT NULL AND later.command IN " LOCKING ")",
    [SQL_PRUNE] = "DELETE FROM message WHERE seq IN (SELECT seq FROM message WHERE at_ms < ?1"
                  " AND command IN ('PlayerMove', 'PlayerJump') LIMIT " PRUNE_ROWS ")",
};

static const struct database_schema schema = {
    .migrations = migrations,
    .migration_count = ARRAY_SIZE(migrations),
    .statements = statements,
    .statement_count = ARRAY_SIZE(statements),
};

/* What is written with one transaction. */
struct batch {
    struct work_item item; /* first, so that an item is its batch */
    struct journal_entry *head;
    struct journal_entry **tail;
    size_t count;
    bool is_urgent; /* somebody waits for it */
    bool prunes;
    bool is_safe;
};

struct journal {
    struct journal_options options;
    struct database *database;
    struct work *work;
    struct event *work_event;
    struct event *lazy_timer;
    struct batch *open; /* gathers */
    bool is_writing;    /* a batch is on its way */
    bool is_well;
    int64_t pruned_ms;
};

void journal_entry_free(struct journal_entry *entry)
{
    if (!entry)
        return;
    for (size_t i = 0; i < entry->replay_count; i++)
        free(entry->replay[i]);
    free(entry->replay);
    free(entry->text);
    free(entry);
}

static struct batch *new_batch(void)
{
    struct batch *batch = alloc_new(struct batch);

    batch->tail = &batch->head;
    return batch;
}

static int write_entry(struct database *database, const struct journal_entry *entry,
                       struct error *err)
{
    sqlite3_stmt *row = database_get(database, SQL_ADD);

    sqlite3_bind_int64(row, 1, entry->at_ms);
    database_bind_text(row, 2, entry->map);
    database_bind_text(row, 3, entry->user);
    database_bind_text(row, 4, message_get_rule(entry->command)->name);
    database_bind_text(row, 5, entry->object[0] ? entry->object : NULL);
    database_bind_text(row, 6, entry->text);
    return database_run(database, row, err);
}

static int write_batch(struct journal *journal, const struct batch *batch, struct error *err)
{
    if (database_begin(journal->database, err) < 0)
        return -1;
    for (const struct journal_entry *entry = batch->head; entry; entry = entry->next)
        if (write_entry(journal->database, entry, err) < 0)
            return -1;
    if (batch->prunes) {
        sqlite3_stmt *old = database_get(journal->database, SQL_PRUNE);

        sqlite3_bind_int64(old, 1, clock_wall_ms() - journal->options.move_retention_s * SECOND_MS);
        if (database_run(journal->database, old, err) < 0)
            return -1;
    }
    return database_commit(journal->database, err);
}

static int read_replay(struct journal *journal, struct journal_entry *entry, struct error *err)
{
    sqlite3_stmt *rows = database_get(journal->database, SQL_REPLAY);
    int more = 0;

    database_bind_text(rows, 1, entry->map);
    sqlite3_bind_int64(rows, 2, entry->since_ms);
    sqlite3_bind_int64(rows, 3, (sqlite3_int64)journal->options.replay_max);
    while ((more = database_next(journal->database, rows, err)) > 0)
        *ALLOC_APPEND(entry->replay, entry->replay_count) =
            alloc_text((const char *)sqlite3_column_text(rows, 0));
    return more;
}

/* On the worker's thread. Replays are read before later batches are written, so in order. */
static void run_batch(void *context, void **slot, struct work_item *item)
{
    struct journal *journal = context;
    struct batch *batch = (struct batch *)item;
    struct error err = { 0 };

    (void)slot;
    batch->is_safe = write_batch(journal, batch, &err) == 0;
    if (!batch->is_safe)
        database_rollback(journal->database);
    for (struct journal_entry *entry = batch->head; batch->is_safe && entry; entry = entry->next)
        if (entry->command == MESSAGE_MAP_READY && read_replay(journal, entry, &err) < 0)
            batch->is_safe = false;
    if (!batch->is_safe)
        log_error("the log of the game could not be written", LOG_TEXT("error", err.text),
                  LOG_INT("entries", (int64_t)batch->count));
}

static void write_open_batch(struct journal *journal)
{
    struct batch *batch = journal->open;
    int64_t now_ms = clock_now_ms();

    /* After a failure an empty batch finds out whether the store is back. */
    if (!journal->work || journal->is_writing || (batch->count == 0 && journal->is_well))
        return;
    if (now_ms - journal->pruned_ms > PRUNE_PERIOD_MS) {
        journal->pruned_ms = now_ms;
        batch->prunes = true;
    }
    journal->open = new_batch();
    journal->is_writing = true;
    /* There is room: no more than one batch is ever on its way. */
    work_add(journal->work, &batch->item);
}

static void settle_batch(void *context, struct work_item *item)
{
    struct journal *journal = context;
    struct batch *batch = (struct batch *)item;

    journal->is_well = batch->is_safe;
    while (batch->head) {
        struct journal_entry *entry = batch->head;

        batch->head = entry->next;
        journal->options.settled(journal->options.context, entry, batch->is_safe);
        journal_entry_free(entry);
    }
    free(batch);
    journal->is_writing = false;
    if (journal->open->is_urgent)
        write_open_batch(journal);
}

static void on_work_done(evutil_socket_t fd, short events, void *context)
{
    struct journal *journal = context;

    (void)fd;
    (void)events;
    work_collect(journal->work);
}

static void on_lazy_timer(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    write_open_batch(context);
}

static int unlock_all(struct database *database, struct error *err)
{
    sqlite3_stmt *statement = database_get(database, SQL_UNLOCK);
    char now[32];

    clock_format_wall(clock_wall_ms(), now);
    sqlite3_bind_int64(statement, 1, clock_wall_ms());
    database_bind_text(statement, 2, now);
    return database_run(database, statement, err);
}

static int open_parts(struct journal *journal, struct event_base *base, struct error *err)
{
    struct work_options work = {
        .threads = 1,
        .queue_max = 1,
        .run = run_batch,
        .done = settle_batch,
        .context = journal,
    };
    struct timeval period = { 0, LAZY_MS * 1000 };

    if (database_open(journal->options.path, &schema, &journal->database, err) < 0 ||
        unlock_all(journal->database, err) < 0 || work_open(&work, &journal->work, err) < 0)
        return -1;
    journal->work_event =
        event_new(base, work_get_fd(journal->work), EV_READ | EV_PERSIST, on_work_done, journal);
    journal->lazy_timer = event_new(base, -1, EV_PERSIST, on_lazy_timer, journal);
    if (!journal->work_event || !journal->lazy_timer || event_add(journal->work_event, NULL) < 0 ||
        event_add(journal->lazy_timer, &period) < 0)
        return error_set(err, ERROR_SYSTEM, "cannot make an event");
    return 0;
}

int journal_open(const struct journal_options *options, struct event_base *base,
                 struct journal **journal_out, struct error *err)
{
    struct journal *journal = alloc_new(struct journal);

    journal->options = *options;
    journal->is_well = true;
    journal->open = new_batch();
    if (open_parts(journal, base, err) < 0) {
        journal_close(journal);
        return -1;
    }
    *journal_out = journal;
    return 0;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    /* Settling the last batch may add entries once more; then they are written too. */
    if (journal->work) {
        struct work_item *item = NULL;

        work_close(STEAL_PTR(journal->work));
        while (journal->open->count > 0) {
            item = &journal->open->item;
            journal->open = new_batch();
            run_batch(journal, NULL, item);
            settle_batch(journal, item);
        }
    }
    if (journal->work_event)
        event_free(journal->work_event);
    if (journal->lazy_timer)
        event_free(journal->lazy_timer);
    database_close(journal->database);
    free(journal->open);
    free(journal);
}

bool journal_add(struct journal *journal, struct journal_entry *entry)
{
    struct batch *batch = journal->open;

    if (batch->count >= WAITING_MAX)
        return false;
    entry->next = NULL;
    *batch->tail = entry;
    batch->tail = &entry->next;
    batch->count++;
    batch->is_urgent = batch->is_urgent || entry->waits;
    if (batch->is_urgent)
        write_open_batch(journal);
    return true;
}

bool journal_is_well(const struct journal *journal)
{
    return journal->is_well;
}
