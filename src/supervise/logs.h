/* SPDX-License-Identifier: MIT */

/*
 * Logs: what replicas write, as JSON lines in files that rotate
 *
 * A replica writes into two FIFOs in RUN/stacks/PROJECT/logs/. Both ends open them for reading
 * and writing, so that neither notices the death of the other. The collector moves bytes from
 * the FIFO with splice() into a file beside it (one system call: they are in one or the other,
 * never lost with the process), makes lines of them in ROOT/stacks/PROJECT/logs/REPLICA.jsonl
 *     {"time":"2026-01-31T12:00:00.123Z","stream":"stdout","log":"hello"}
 * and commits what it has done in a small mapped file. A collector that was killed cuts the
 * log back to the last commit and makes the same lines again: none is lost, doubled or torn.
 * A line longer than 64 KiB is cut into parts, marked "partial":true, as is a last line without
 * its end when the replica is gone. What is no UTF-8 becomes U+FFFD. Of a flood a part is kept
 * (log_flood.h), and the log says so.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervise/log_flood.h"
#include "util/cleanup.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;
struct event_base;

#define LOGS_LINE_MAX 65536
#define LOGS_FILE_BYTES (10u << 20)
#define LOGS_FILES 3

enum logs_stream { LOGS_STDOUT, LOGS_STDERR, LOGS_STREAM_COUNT };

struct logs_limits {
    uint64_t file_bytes; /* a file longer than this is rotated; 0: LOGS_FILE_BYTES */
    uint32_t files;      /* kept, the current one included; 0: LOGS_FILES */
    struct log_flood flood;
};

struct logs; /* collects from one replica */

/*
 * Begin to collect from `replica` ("login-1"): make the FIFOs if they are missing and take up
 * where an earlier collector stopped. Works until logs_close(); with `base` NULL only when
 * logs_collect() is called. `limits` may be NULL.
 */
int logs_open(struct event_base *base, const char *project, const char *replica,
              const struct logs_limits *limits, struct logs **out, struct error *err) MUST_CHECK;

/* Collect also from another writer of the same name; it has its own logs_close(). */
struct logs *logs_share(struct logs *logs);

/* A descriptor for the replica's stdout or stderr; the caller closes it. It blocks when full. */
int logs_open_writer(const struct logs *logs, enum logs_stream stream, int *fd_out,
                     struct error *err) MUST_CHECK;

/* Take what is in the FIFOs now. With `ended`, also a last line that has no end. */
void logs_collect(struct logs *logs, bool ended);

/*
 * Stop collecting, when nobody shares it any more; the FIFOs and what is in them stay for the
 * next collector.
 */
void logs_close(struct logs *logs);

/* The same after logs_collect(ended), and the FIFOs are removed: the replica is gone. Those who
 * share it collect on. */
void logs_remove(struct logs *logs);

/* Remove what `replica` has written, also what was rotated. Nobody collects from it any more. */
void logs_forget(const char *project, const char *replica);
