/* SPDX-License-Identifier: MIT */

/*
 * The read side of logs: records of several replicas, merged by time
 *
 * Reads the files that logs.h describes, rotated ones included, from the oldest record on, and
 * follows them with inotify. Works with and without a supervisor. Lines that are no records
 * (torn by a power cut) are passed over.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"
#include "util/strings.h"

struct error;

struct log_reader_record {
    const char *replica; /* "login-1" */
    const char *service; /* "login" */
    const char *time;    /* "2026-01-31T12:00:00.123Z" */
    const char *text;    /* without the line's end */
    size_t length;       /* of `text` */
    bool is_stderr;
    bool is_partial; /* the line goes on in the next record of the stream */
};

/* Called for each record; false ends the reading. */
typedef bool (*log_reader_fn)(void *context, const struct log_reader_record *record);

struct log_reader_query {
    const char *project;
    const struct strings *services; /* names of services or replicas; NULL or empty: all */
    int64_t tail;                   /* at most so many records of each replica; -1: all */
    bool follow;                    /* go on until `each` returns false or stop_fd is readable */
    int stop_fd;                    /* -1: none */
    const char *since;              /* records from this time on, same form; NULL: all */
};

int log_reader_each(const struct log_reader_query *query, log_reader_fn each, void *context,
                    struct error *err) MUST_CHECK;
