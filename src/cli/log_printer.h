/* SPDX-License-Identifier: MIT */

/*
 * Log records as people read them: "login-1  | listening on :8000"
 *
 * Each replica has a colour of its own, taken in turn; stderr of a replica goes to stderr. To a
 * file or a pipe the text is passed on as the container wrote it; on a terminal it may colour
 * itself and nothing else, or a container could drive the user's terminal.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "supervise/log_reader.h"
#include "util/macro.h"
#include "util/strings.h"
#include "util/text.h"

struct error;

struct log_printer {
    bool prefix, timestamps, colour;
    bool cleans_stdout, cleans_stderr; /* there is a terminal */
    size_t width;                      /* of the widest name so far */
    struct strings replicas; /* in the order in which they were met: it gives the colours */
    char *open_replica;      /* whose line has not ended yet, or NULL */
};

void log_printer_init(struct log_printer *printer, bool prefix, bool timestamps);
void log_printer_done(struct log_printer *printer);

/* Make room for a name, so that the first lines are as wide as the later ones. */
void log_printer_expect(struct log_printer *printer, const char *replica);

/* Pure but for the names it learns: what is written for the record. */
void log_printer_format(struct log_printer *printer, const struct log_reader_record *record,
                        struct text *out);

/* Write it to stdout or stderr. */
int log_printer_write(struct log_printer *printer, const struct log_reader_record *record,
                      struct error *err) MUST_CHECK;
