/* SPDX-License-Identifier: MIT */

/*
 * The form of log lines and of the names of log files
 *
 * Bytes in, JSON lines out, and back. See logs.h.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"
#include "util/text.h"

struct log_line_head {
    const char *time;
    const char *stream; /* "stdout" or "stderr" */
};

/*
 * Add a JSON line to `out` for each line in `bytes`; returns how many bytes were used. A line
 * longer than LOGS_LINE_MAX is cut into parts; with `ended` the last one needs no end.
 */
size_t log_line_split(const char *bytes, size_t length, bool ended,
                      const struct log_line_head *head, struct text *out);

/* One JSON line; what is no UTF-8, and a NUL, becomes U+FFFD. */
void log_line_format(const char *bytes, size_t length, bool partial,
                     const struct log_line_head *head, struct text *out);

/* The length of the whole lines in the first `bytes` of a file. */
uint64_t log_line_find_end(int fd, uint64_t bytes);

/* The path of the n-th file before the current one: "a.jsonl", 2 gives "a.2.jsonl". */
char *log_line_make_path(const char *path, uint32_t n) MUST_CHECK;

/* The length of the service's name in "login-1" or "my-web-12": up to the last dash. */
size_t log_line_service_length(const char *replica);
