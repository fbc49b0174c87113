/* SPDX-License-Identifier: MIT */

/*
 * The game's durable log
 *
 * Every accepted message is kept with its time and map, in the order of acceptance. Entries
 * gather while the batch before them is written; one transaction, and so one wait for the
 * disk, serves all that came meanwhile. The loop's thread is told when a batch is safe.
 *
 * On opening, objects that were locked when the game last ended are unlocked in the log, as
 * if their holders had left.
 */

#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "game/message.h"
#include "util/macro.h"

struct error;
struct event_base;
struct journal;

struct journal_entry {
    struct journal_entry *next;
    enum message_command command;
    struct sockaddr_in from;
    char user[MESSAGE_ID_MAX + 1];
    char map[MESSAGE_ID_MAX + 1];
    char object[MESSAGE_ID_MAX + 1]; /* empty: none */
    int64_t at_ms;
    bool waits; /* it is announced when it is safe; else it was announced already */
    char *text; /* as announced, ";s" at its end; owned */
    /* Of MapReady: what to replay, read after all before it is safe. */
    int64_t since_ms;
    char **replay; /* owned */
    size_t replay_count;
};

struct journal_options {
    const char *path;
    int64_t move_retention_s; /* how long PlayerMove and PlayerJump are kept */
    size_t replay_max;
    /* On the loop's thread, for each entry in order; `is_safe` is false if it was not kept. */
    void (*settled)(void *context, struct journal_entry *entry, bool is_safe);
    void *context;
};

int journal_open(const struct journal_options *options, struct event_base *base,
                 struct journal **journal_out, struct error *err) MUST_CHECK;

/* Write what is left and settle it. */
void journal_close(struct journal *journal);

/* Takes the entry over. False: too much waits already, and the entry stays the caller's. */
bool journal_add(struct journal *journal, struct journal_entry *entry);

/* Was the last batch kept? */
bool journal_is_well(const struct journal *journal);

void journal_entry_free(struct journal_entry *entry);
